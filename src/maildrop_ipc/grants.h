#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "base/ids.h"
#include "base/limits.h"

namespace fermo::maildrop_ipc {

/// Which maildrops the process with the network may open: one snapshot for each login that was found right, soon after
/// it. Thread-safe.
class Grants {
 public:
  using Clock = std::chrono::steady_clock;

  /// False: there are too many that nobody has used.
  bool add(const DropId& drop, Clock::time_point now);
  /// Uses up one; false when there is none.
  bool take(const DropId& drop, Clock::time_point now);

 private:
  std::mutex mutex_;
  std::multimap<std::string, Clock::time_point> good_until_;
};

}  // namespace fermo::maildrop_ipc
