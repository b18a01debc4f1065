#include "runtime/watchdog.h"

#include <utility>

#include <boost/asio/steady_timer.hpp>

namespace fermo::runtime {

/// Shared with the handler that waits, which may run once more after the watchdog is gone.
class Watchdog::Timer : public std::enable_shared_from_this<Timer> {
 public:
  Timer(boost::asio::any_io_executor executor, std::function<void()> on_expiry)
      : timer_(std::move(executor)), on_expiry_(std::move(on_expiry)) {}

  void set(Clock::time_point deadline) {
    deadline_ = deadline;
    expired_ = false;
    if (deadline < wakes_at_) wake_at(deadline);
  }

  void retire() {
    on_expiry_ = nullptr;
    timer_.cancel();
  }

  bool expired() const { return expired_; }

 private:
  void wake_at(Clock::time_point when) {
    wakes_at_ = when;
    timer_.expires_at(when);  // cancels the wait for a later time
    timer_.async_wait([self = shared_from_this(), when](boost::system::error_code failure) {
      if (!failure && when == self->wakes_at_) self->wake();
    });
  }

  void wake() {
    wakes_at_ = Clock::time_point::max();
    if (!on_expiry_ || deadline_ == Clock::time_point::max()) return;
    if (Clock::now() < deadline_) return wake_at(deadline_);
    deadline_ = Clock::time_point::max();
    expired_ = true;
    const auto keep = on_expiry_;  // it may destroy the watchdog
    keep();
  }

  boost::asio::steady_timer timer_;
  std::function<void()> on_expiry_;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point wakes_at_ = Clock::time_point::max();
  bool expired_ = false;
};

Watchdog::Watchdog(boost::asio::any_io_executor executor, std::function<void()> on_expiry)
    : timer_(std::make_shared<Timer>(std::move(executor), std::move(on_expiry))) {}

Watchdog::~Watchdog() {
  timer_->retire();
}

void Watchdog::set(Clock::time_point deadline) {
  timer_->set(deadline);
}

bool Watchdog::expired() const {
  return timer_->expired();
}

}  // namespace fermo::runtime
