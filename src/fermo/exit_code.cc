#include "fermo/exit_code.h"

#include "auth/error.h"
#include "base/failure.h"

namespace fermo::commands {
namespace {

ExitCode exit_code_of(auth::Error error) {
  switch (error) {
    case auth::Error::no_permission:
      return ExitCode::no_permission;
    case auth::Error::not_a_file:
    case auth::Error::too_large:
    case auth::Error::unusable_hash:
      return ExitCode::configuration;
    case auth::Error::input_output:
      return ExitCode::io_error;
    case auth::Error::user_exists:
    case auth::Error::invalid_password:
      return ExitCode::data_error;
    case auth::Error::no_such_user:
      return ExitCode::no_user;
    case auth::Error::invalid_name:
      return ExitCode::usage;
    case auth::Error::missing:
    case auth::Error::out_of_space:
    case auth::Error::out_of_memory:
      return ExitCode::temporary_failure;
  }
  return ExitCode::software;
}

}  // namespace

ExitCode exit_code_of(const error_code& error) {
  if (error.category() == make_error_code(auth::Error::missing).category()) {
    return exit_code_of(static_cast<auth::Error>(error.value()));
  }
  // An unknown outcome too: whoever sends again risks a second copy, whoever does not risks the only one.
  if (error == Failure::temporary || error == Failure::in_use || error == Failure::unknown) {
    return ExitCode::temporary_failure;
  }
  if (error == Failure::no_such_thing) return ExitCode::data_error;
  return ExitCode::io_error;
}

}  // namespace fermo::commands
