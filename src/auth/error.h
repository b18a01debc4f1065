#pragma once

#include "base/result.h"

namespace fermo::auth {

/// Why the user database, or a password hash, could not be used. Each says what it means to a client through `Failure`.
enum class Error {
  missing = 1,    ///< There is no password file. Temporary: a file that has gone says nothing about who has an account.
  no_permission,  ///< The password file, its folder or its lock may not be used by this process; temporary.
  not_a_file,     ///< A folder, device or loop of symbolic links stands where the password file should be; temporary.
  too_large,      ///< Longer than `limits::password_file_octets_max`; temporary.
  out_of_space,   ///< The disk is full or read-only, or the quota used up; temporary.
  input_output,   ///< Anything else that the operating system refused; temporary.
  out_of_memory,  ///< Not enough memory for a password hash at the moment; temporary.
  user_exists,    ///< That name is taken; permanent.
  no_such_user,   ///< There is no user of that name.
  invalid_name,   ///< account::canonical_name() refuses it; permanent.
  invalid_password,  ///< Empty, longer than `limits::password_octets_max`, or holds NUL, CR or LF; permanent.
  unusable_hash,     ///< Unknown scheme, damaged, too weak, or costs more than the limits allow; permanent.
};
boost::system::error_code make_error_code(Error error) noexcept;

/// The error that an errno of a file operation amounts to.
Error from_errno(int number) noexcept;

}  // namespace fermo::auth

template <>
struct boost::system::is_error_code_enum<fermo::auth::Error> : std::true_type {};
