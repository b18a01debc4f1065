#include "auth_ipc/error.h"

#include "base/error_category.h"

namespace fermo::auth_ipc {
namespace {

ErrorMeaning meaning_of(Error) noexcept {
  return {Failure::temporary, "the process that knows the users could not decide"};
}

}  // namespace

boost::system::error_code make_error_code(Error error) noexcept {
  static const ErrorCategory category("auth_ipc", meaning_of);
  return {static_cast<int>(error), category};
}

}  // namespace fermo::auth_ipc
