#pragma once

#include <optional>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "fetcher/delivery.h"
#include "runtime/blocking_pool.h"

namespace fermo::fetcher {

/// A delivery that goes on in the pool while more is received: one job at a time, so that disk and network work side by
/// side and no more than two buffers are held. To be used on the thread of its executor alone; whoever has started a
/// job takes its outcome before this is destroyed.
class DeliveryJob {
 public:
  DeliveryJob(boost::asio::any_io_executor executor, Delivery& delivery, runtime::BlockingPool& pool);

  /// See Delivery::perform(). Only when none is under way.
  void start(std::vector<Delivery::Event> events, bool commit);

  /// From start() until its outcome is taken.
  bool under_way() const { return under_way_; }
  /// outcome() would not wait.
  bool ended() const { return outcome_.has_value(); }
  /// Waits for the job that is under way. An error is the pool's: the job ended unexpectedly.
  boost::asio::awaitable<Result<Delivery::Settled>> outcome();

 private:
  boost::asio::any_io_executor executor_;
  Delivery& delivery_;
  runtime::BlockingPool& pool_;
  boost::asio::steady_timer ended_;  ///< Never expires; cancelled when there is an outcome.
  bool under_way_ = false;
  std::optional<Result<Delivery::Settled>> outcome_;
};

}  // namespace fermo::fetcher
