#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/limits.h"

namespace fermo::fetcher {

/// Tells how long a server has been waited for that says something now and then and gets nowhere. Only the waits count,
/// not what is done between them: a delivery may take its time. Not thread-safe.
class Patience {
 public:
  using Duration = std::chrono::steady_clock::duration;

  /// A wait has ended that brought so many octets.
  void waited(Duration time, std::uint64_t octets) {
    time_ += time;
    octets_ += octets;
    if (octets_ >= limits::client_progress_octets) renew();
  }

  /// There was progress: a command has left, or a reply has come to its end.
  void renew() {
    time_ = {};
    octets_ = 0;
  }

  /// What is left of that limit; never negative.
  Duration left(Duration limit) const { return std::max(limit - time_, Duration::zero()); }

 private:
  Duration time_{};
  std::uint64_t octets_ = 0;
};

}  // namespace fermo::fetcher
