#pragma once

#include "base/result.h"

namespace fermo::auth_ipc {

/// Why another process did not decide.
enum class Error {
  unavailable = 1,  ///< It is away, or could not; temporary.
};

boost::system::error_code make_error_code(Error error) noexcept;

}  // namespace fermo::auth_ipc

template <>
struct boost::system::is_error_code_enum<fermo::auth_ipc::Error> : std::true_type {};
