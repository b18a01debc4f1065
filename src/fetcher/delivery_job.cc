#include "fetcher/delivery_job.h"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/check.h"

namespace fermo::fetcher {

namespace asio = boost::asio;

DeliveryJob::DeliveryJob(asio::any_io_executor executor, Delivery& delivery, runtime::BlockingPool& pool)
    : executor_(executor),
      delivery_(delivery),
      pool_(pool),
      ended_(std::move(executor), asio::steady_timer::time_point::max()) {}

void DeliveryJob::start(std::vector<Delivery::Event> events, bool commit) {
  FERMO_CHECK(!under_way_);
  under_way_ = true;
  auto perform = [this, commit, events = std::move(events)]() mutable -> Result<Delivery::Settled> {
    return delivery_.perform(std::move(events), commit);
  };
  auto done = [this](Result<Delivery::Settled> settled) {
    outcome_.emplace(std::move(settled));
    ended_.cancel();
  };
  pool_.start(std::move(perform), asio::bind_executor(executor_, std::move(done)));
}

asio::awaitable<Result<Delivery::Settled>> DeliveryJob::outcome() {
  FERMO_CHECK(under_way_);
  while (!outcome_) co_await ended_.async_wait(asio::as_tuple(asio::use_awaitable));
  under_way_ = false;
  Result<Delivery::Settled> outcome = std::move(*outcome_);
  outcome_.reset();
  co_return outcome;
}

}  // namespace fermo::fetcher
