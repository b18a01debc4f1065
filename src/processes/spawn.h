#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

/// Programs that are not ours: those that print passwords, and those that take mail.
namespace fermo::processes {

/// How such a program is started. It gets the signals that a new program expects.
struct Spawn {
  std::vector<std::string> arguments;  ///< It comes first: a path, or a name that is looked for in $PATH.
  /// Its standard input and outputs; -1: ours.
  int input = -1;
  int output = -1;
  int errors = -1;
  bool own_group = false;                                 ///< To be killed with all that it starts.
  const std::vector<std::string>* environment = nullptr;  ///< "NAME=value"; null: ours.
};

/// Starts it; whoever does so waits for its end. Errors: those of posix_spawnp(3).
Result<pid_t> spawn(Spawn program);

}  // namespace fermo::processes
