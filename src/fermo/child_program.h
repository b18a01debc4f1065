#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fermo::commands {

/// What became of a program that was run.
struct ChildOutcome {
  int status = 0;          ///< As waitpid(2) gives it.
  bool timed_out = false;  ///< It took longer than it might, and was killed.
  bool ended_well() const { return status == 0 && !timed_out; }
  /// "ended with status 2", "was killed by signal 9", "took too long".
  std::string text() const;
};

/// Runs `arguments`, the program (found by PATH) first, with `input` on its standard input (without one it has ours),
/// and puts what it prints, at most `output_octets_max` octets, into `output`, whose memory does not move: it may be a
/// secret. Signals are as a new program expects them. Its standard error is ours. The error is that of posix_spawn(3).
Result<ChildOutcome> run_child(std::vector<std::string> arguments, const std::string_view* input, std::string& output,
                               std::size_t output_octets_max, std::chrono::seconds time_max);

}  // namespace fermo::commands
