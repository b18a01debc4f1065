#pragma once

#include "base/result.h"

namespace fermo::maildrop {

/// Why a store could not do what it was asked. Each says what it means to a client through `Failure` (base/failure.h).
enum class Error {
  unavailable = 1,  ///< The engine refuses work at the moment; temporary.
  out_of_space,     ///< The disk is full, or nearly; temporary.
  corrupt,          ///< What is stored does not match its checksum; permanent.
  no_such_message,  ///< The snapshot has no such message-number.
  duplicate,        ///< The maildrop has, or had, this unique-id; permanent.
  unknown,          ///< The engine did not say whether it was done.
  unsupported,      ///< Written by a newer version, or not something this store can do; permanent.
};

boost::system::error_code make_error_code(Error error) noexcept;

}  // namespace fermo::maildrop

template <>
struct boost::system::is_error_code_enum<fermo::maildrop::Error> : std::true_type {};
