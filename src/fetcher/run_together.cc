#include "fetcher/run_together.h"

#include <algorithm>
#include <csignal>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "runtime/blocking_pool.h"

namespace fermo::fetcher {
namespace {

/// A job with what it has for itself. The pool ends first, and with it all that uses the others.
struct Running {
  Running(boost::asio::io_context& context, Job& job, const Clock& clock, const OnException& on_exception)
      : pool("fetch", {1, 1}, on_exception),
        runner(context.get_executor(), std::move(job.settings), *job.target, *job.ledger, pool, clock, job.observer) {}

  runtime::BlockingPool pool;
  AccountRunner runner;
};

class Together {
 public:
  Together(std::vector<Job> jobs, const Clock& clock, const OnException& on_exception)
      : jobs_(std::move(jobs)),
        reports_(jobs_.size()),
        running_(jobs_.size()),
        clock_(clock),
        on_exception_(on_exception),
        signals_(context_, SIGINT, SIGTERM, SIGHUP) {}

  std::vector<Report> run(std::size_t at_once_max) {
    signals_.async_wait([this](const error_code& cancelled, int) {
      if (!cancelled) stop();
    });
    const std::size_t lanes = std::min(at_once_max, jobs_.size());
    for (std::size_t i = 0; i < lanes; ++i) begin_next();
    if (lanes > 0) context_.run();
    if (thrown_) std::rethrow_exception(thrown_);
    return std::move(reports_);
  }

 private:
  void begin_next() {
    if (next_ == jobs_.size()) return;
    const std::size_t index = next_++;
    running_[index].emplace(context_, jobs_[index], clock_, on_exception_);
    if (stopped_) running_[index]->runner.stop();
    auto finish = [this, index](std::exception_ptr exception, Report report) {
      end(index, std::move(exception), std::move(report));
    };
    boost::asio::co_spawn(context_, running_[index]->runner.run(), finish);
  }

  void end(std::size_t index, std::exception_ptr exception, Report report) {
    if (exception) {
      thrown_ = std::move(exception);
    } else {
      jobs_[index].observer.ended(report);
    }
    reports_[index] = std::move(report);
    running_[index].reset();
    jobs_[index].target.reset();
    jobs_[index].ledger.reset();
    begin_next();
    if (++ended_ == jobs_.size()) context_.stop();  // what still waits are signals, and deadlines that mean nothing now
  }

  void stop() {
    stopped_ = true;
    for (auto& one : running_) {
      if (one) one->runner.stop();
    }
  }

  boost::asio::io_context context_{1};
  std::vector<Job> jobs_;
  std::vector<Report> reports_;
  std::vector<std::optional<Running>> running_;
  const Clock& clock_;
  const OnException& on_exception_;
  boost::asio::signal_set signals_;
  std::exception_ptr thrown_;
  std::size_t next_ = 0;
  std::size_t ended_ = 0;
  bool stopped_ = false;
};

}  // namespace

std::vector<Report> run_together(std::vector<Job> jobs, const Clock& clock, const OnException& on_exception,
                                 std::size_t at_once_max) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets with write(2)
  Together together(std::move(jobs), clock, on_exception);
  return together.run(at_once_max);
}

}  // namespace fermo::fetcher
