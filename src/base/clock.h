#pragma once

#include <chrono>
#include <mutex>

namespace fermo {

/// A point in civil time (UTC), in microseconds.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// Tells the time; handed in wherever time matters, so that a test can hold it still. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
};

/// The machine's own clock. It may jump backwards when the machine is set right.
class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
};

/// Stands still until told otherwise.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start = Timestamp(std::chrono::seconds(1'700'000'000))) : now_(start) {}
  Timestamp now() const override;
  void set(Timestamp now);
  void advance(std::chrono::microseconds by);

 private:
  mutable std::mutex mutex_;
  Timestamp now_;
};

}  // namespace fermo
