#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include <boost/asio/any_io_executor.hpp>

namespace fermo::runtime {

/// One deadline that is moved often and reached seldom: moving it later is one store to memory, and the timer behind it
/// is looked at only when the old deadline has come. To be used on its executor's thread alone.
class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;

  /// `on_expiry` is called on `executor`, once for each deadline that was set and reached.
  Watchdog(boost::asio::any_io_executor executor, std::function<void()> on_expiry);
  /// After this, `on_expiry` is not called any more.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// Replaces the deadline.
  void set(Clock::time_point deadline);
  void set_from_now(Clock::duration limit) { set(Clock::now() + limit); }
  void disarm() { set(Clock::time_point::max()); }
  /// The deadline last set has been reached.
  bool expired() const;

 private:
  class Timer;
  std::shared_ptr<Timer> timer_;
};

}  // namespace fermo::runtime
