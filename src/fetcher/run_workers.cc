#include "fetcher/run_workers.h"

#include <algorithm>
#include <csignal>
#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

namespace fermo::fetcher {
namespace {

class Workers {
 public:
  explicit Workers(std::vector<Errand> errands)
      : errands_(std::move(errands)), running_(errands_.size()), signals_(context_, SIGINT, SIGTERM, SIGHUP) {}

  void run(std::size_t at_once_max) {
    signals_.async_wait([this](const error_code& cancelled, int) {
      if (!cancelled) stop();
    });
    const std::size_t lanes = std::min(at_once_max, errands_.size());
    for (std::size_t i = 0; i < lanes; ++i) begin_next();
    if (lanes > 0) context_.run();
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  void begin_next() {
    if (next_ == errands_.size()) return;
    const std::size_t index = next_++;
    Errand& errand = errands_[index];
    running_[index].emplace(context_.get_executor(), errand.observer, errand.on_complaint);
    if (stopped_) running_[index]->stop();
    auto finish = [this, index](std::exception_ptr exception, WorkerEnd end) {
      if (exception) thrown_ = std::move(exception);
      take_end(index, std::move(end));
    };
    boost::asio::co_spawn(context_, running_[index]->run(std::move(errand.text)), finish);
  }

  void take_end(std::size_t index, WorkerEnd end) {
    running_[index].reset();
    if (!thrown_) errands_[index].on_end(std::move(end));
    begin_next();
    if (thrown_ || ++ended_ == errands_.size()) context_.stop();  // what still waits are signals
  }

  void stop() {
    stopped_ = true;
    for (auto& one : running_) {
      if (one) one->stop();
    }
  }

  boost::asio::io_context context_{1};
  std::vector<Errand> errands_;
  std::vector<std::optional<Worker>> running_;
  boost::asio::signal_set signals_;
  std::exception_ptr thrown_;
  std::size_t next_ = 0;
  std::size_t ended_ = 0;
  bool stopped_ = false;
};

}  // namespace

void run_workers(std::vector<Errand> errands, std::size_t at_once_max) {
  std::signal(SIGPIPE, SIG_IGN);  // who reads what is printed may have gone
  Workers workers(std::move(errands));
  workers.run(at_once_max);
}

}  // namespace fermo::fetcher
