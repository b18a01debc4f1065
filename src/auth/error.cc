#include "auth/error.h"

#include <cerrno>
#include <string>

#include "base/failure.h"

namespace fermo::auth {
namespace {

class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "auth"; }

  std::string message(int code) const override {
    switch (static_cast<Error>(code)) {
      case Error::missing:
        return "there is no password file";
      case Error::no_permission:
        return "permission denied on the password file, its folder or its lock";
      case Error::not_a_file:
        return "the password file is not a regular file";
      case Error::too_large:
        return "the password file is too large";
      case Error::out_of_space:
        return "no space to write the password file";
      case Error::input_output:
        return "the password file could not be read or written";
      case Error::out_of_memory:
        return "not enough memory for a password hash";
      case Error::user_exists:
        return "there is a user of that name already";
      case Error::no_such_user:
        return "there is no user of that name";
      case Error::invalid_name:
        return "not a valid user name";
      case Error::invalid_password:
        return "not a valid password";
      case Error::unusable_hash:
        return "the stored password hash cannot be used";
    }
    return "authentication error " + std::to_string(code);
  }

  boost::system::error_condition default_error_condition(int code) const noexcept override {
    switch (static_cast<Error>(code)) {
      case Error::missing:
      case Error::no_permission:
      case Error::not_a_file:
      case Error::too_large:
      case Error::out_of_space:
      case Error::input_output:
      case Error::out_of_memory:
        return make_error_condition(Failure::temporary);
      case Error::no_such_user:
        return make_error_condition(Failure::no_such_thing);
      case Error::user_exists:
      case Error::invalid_name:
      case Error::invalid_password:
      case Error::unusable_hash:
        return make_error_condition(Failure::permanent);
    }
    return make_error_condition(Failure::permanent);
  }
};

}  // namespace

boost::system::error_code make_error_code(Error error) noexcept {
  static const Category category;
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
