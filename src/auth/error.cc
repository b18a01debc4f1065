#include "auth/error.h"

#include <cerrno>
#include <string>

#include "base/error_category.h"

namespace fermo::auth {
namespace {

ErrorMeaning meaning_of(Error error) noexcept {
  switch (error) {
    case Error::missing:
      return {Failure::temporary, "there is no password file"};
    case Error::no_permission:
      return {Failure::temporary, "permission denied on the password file, its folder or its lock"};
    case Error::not_a_file:
      return {Failure::temporary, "the password file is not a regular file"};
    case Error::too_large:
      return {Failure::temporary, "the password file is too large"};
    case Error::out_of_space:
      return {Failure::temporary, "no space to write the password file"};
    case Error::input_output:
      return {Failure::temporary, "the password file could not be read or written"};
    case Error::out_of_memory:
      return {Failure::temporary, "not enough memory for a password hash"};
    case Error::user_exists:
      return {Failure::permanent, "there is a user of that name already"};
    case Error::no_such_user:
      return {Failure::no_such_thing, "there is no user of that name"};
    case Error::invalid_name:
      return {Failure::permanent, "not a valid user name"};
    case Error::invalid_password:
      return {Failure::permanent, "not a valid password"};
    case Error::unusable_hash:
      return {Failure::permanent, "the stored password hash cannot be used"};
  }
  return {Failure::permanent, "authentication error of an unknown kind"};
}

}  // namespace

boost::system::error_code make_error_code(Error error) noexcept {
  static const ErrorCategory category("auth", meaning_of);
  return {static_cast<int>(error), category};
}

Error from_errno(int number) noexcept {
  switch (number) {
    case ENOENT:
      return Error::missing;
    case EACCES:
    case EPERM:
      return Error::no_permission;
    case EISDIR:
    case ENOTDIR:
    case ELOOP:
    case ENXIO:
      return Error::not_a_file;
    case EFBIG:
      return Error::too_large;
    case ENOSPC:
    case EDQUOT:
    case EROFS:
      return Error::out_of_space;
    case ENOMEM:
      return Error::out_of_memory;
    default:
      return Error::input_output;
  }
}

}  // namespace fermo::auth
