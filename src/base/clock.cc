#include "base/clock.h"

namespace fermo {

Timestamp SystemClock::now() const {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

Timestamp ManualClock::now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

void ManualClock::set(Timestamp now) {
  const std::lock_guard lock(mutex_);
  now_ = now;
}

void ManualClock::advance(std::chrono::microseconds by) {
  const std::lock_guard lock(mutex_);
  now_ += by;
}

}  // namespace fermo
