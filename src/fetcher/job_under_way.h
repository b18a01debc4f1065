#pragma once

#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/check.h"
#include "base/result.h"
#include "runtime/blocking_pool.h"

namespace fermo::fetcher {

/// A job that goes on in the pool while its owner does something else; one at a time. To be used on the thread of its
/// executor alone; whoever has started a job takes its outcome before this is destroyed.
template <class T>
class JobUnderWay {
 public:
  JobUnderWay(boost::asio::any_io_executor executor, runtime::BlockingPool& pool)
      : executor_(executor), pool_(pool), ended_(std::move(executor), boost::asio::steady_timer::time_point::max()) {}

  /// `job` returns a Result<T>. Only when none is under way.
  template <class Job>
  void start(Job job) {
    FERMO_CHECK(!under_way_);
    under_way_ = true;
    auto done = [this](Result<T> outcome) {
      outcome_.emplace(std::move(outcome));
      ended_.cancel();
    };
    pool_.start(std::move(job), boost::asio::bind_executor(executor_, std::move(done)));
  }

  /// From start() until its outcome is taken.
  bool under_way() const { return under_way_; }
  /// outcome() would not wait.
  bool ended() const { return outcome_.has_value(); }
  /// Waits for the job that is under way. Errors: its own, and the pool's when it ended unexpectedly.
  boost::asio::awaitable<Result<T>> outcome() {
    FERMO_CHECK(under_way_);
    while (!outcome_) co_await ended_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    under_way_ = false;
    Result<T> outcome = std::move(*outcome_);
    outcome_.reset();
    co_return outcome;
  }

 private:
  boost::asio::any_io_executor executor_;
  runtime::BlockingPool& pool_;
  boost::asio::steady_timer ended_;  ///< Never expires; cancelled when there is an outcome.
  bool under_way_ = false;
  std::optional<Result<T>> outcome_;
};

}  // namespace fermo::fetcher
