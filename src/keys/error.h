#pragma once

#include "base/result.h"

namespace fermo::keys {

/// Why something was not signed or told.
enum class Error {
  unavailable = 1,  ///< The process that holds the keys is away or too slow; temporary.
  no_such_key,      ///< No key has this number.
  not_allowed,      ///< The key cannot be used like this, or what was to be signed is nothing that a TLS server signs.
  failed,           ///< OpenSSL could not do it.
  bad_certificate,  ///< Not a PEM chain of 1 to `limits::keys_chain_max` certificates.
  bad_key,          ///< Not a PEM key without a passphrase, of a kind that Fermo serves with.
  wrong_key,        ///< The key does not belong to the certificate.
  too_many_keys,    ///< `limits::keys_max` are held already.
  unsupported,      ///< The other side speaks another version.
};

boost::system::error_code make_error_code(Error error) noexcept;

}  // namespace fermo::keys

template <>
struct boost::system::is_error_code_enum<fermo::keys::Error> : std::true_type {};
