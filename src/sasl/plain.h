#pragma once

#include <string_view>

#include "base/result.h"
#include "sasl/password_login.h"

namespace fermo::sasl {

/// Why a SASL message could not be used or made.
enum class Error {
  malformed = 1,            ///< Not base64, or not a message of the mechanism.
  unavailable,              ///< The SASL library could not start the mechanism.
  credentials_unusable,     ///< Of a client: the mechanism cannot carry this user name or password.
  unacceptable_iterations,  ///< Of a client: a SCRAM server asks for fewer or more than `limits` allows.
  server_not_authentic,     ///< Of a client: the server has not proven that it knows the password.
};
boost::system::error_code make_error_code(Error error) noexcept;

/// Reads the one message of PLAIN (RFC 4616 §2), base64 as it stands on the wire, through GNU SASL.
/// Refuses an empty user name or password, a NUL too many, and what SASLprep (RFC 4013) refuses: octets that are no
/// UTF-8, control characters. Names and password come out as the client gave them, not as SASLprep would rewrite them,
/// so that the same password is right in PASS too. An authorization identity that repeats the user name is left empty.
/// Thread-safe.
Result<PasswordLogin> read_plain_response(std::string_view base64);

}  // namespace fermo::sasl

template <>
struct boost::system::is_error_code_enum<fermo::sasl::Error> : std::true_type {};
