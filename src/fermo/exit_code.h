#pragma once

#include <boost/system/result.hpp>

#include "base/result.h"

namespace fermo::commands {

/// What a command ends with: the codes of sysexits.h, which mail transports act on.
enum class ExitCode {
  ok = 0,
  declined = 1,      ///< Somebody was asked and said no.
  usage = 64,        ///< The command line is wrong.
  data_error = 65,   ///< What was given to the command is wrong.
  no_input = 66,     ///< A file that was named cannot be read.
  no_user = 67,      ///< There is no such user.
  unavailable = 69,  ///< Something that is needed is not there, and waiting alone will not help.
  software = 70,     ///< A mistake of our own.
  cannot_create = 73,
  io_error = 74,
  temporary_failure = 75,  ///< Trying again later may help; a transport keeps the message.
  protocol_error = 76,     ///< What a server sends makes no sense, or it is not who it should be.
  no_permission = 77,
  configuration = 78,
};

/// A value, or the code to end with after the reason has been printed.
template <class T>
using Outcome = boost::system::result<T, ExitCode>;

/// The code for a failure of the store or of the user database.
ExitCode exit_code_of(const error_code& error);

}  // namespace fermo::commands
