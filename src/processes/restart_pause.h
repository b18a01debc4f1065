#pragma once

#include <algorithm>
#include <chrono>

#include "base/limits.h"

namespace fermo::processes {

/// How long to wait before a process that has ended is started again: not at all when it had run for a while, and
/// longer each time while it keeps ending soon. Told the time; used by one thread at a time.
class RestartPause {
 public:
  using Clock = std::chrono::steady_clock;

  void started(Clock::time_point now) { started_at_ = now; }
  /// It has ended, or could not be started.
  std::chrono::milliseconds ended(Clock::time_point now) {
    if (now - started_at_ >= limits::process_settled_time) next_ = {};
    const auto pause = next_;
    next_ =
        next_.count() == 0 ? limits::process_restart_wait_min : std::min(2 * next_, limits::process_restart_wait_max);
    return pause;
  }

 private:
  Clock::time_point started_at_;
  std::chrono::milliseconds next_{0};
};

}  // namespace fermo::processes
