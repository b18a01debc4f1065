#include "fetcher/run_together.h"

#include <csignal>
#include <exception>
#include <memory>
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
        runner(context.get_executor(), std::move(job.settings), job.target, job.ledger, pool, clock, job.observer) {}

  runtime::BlockingPool pool;
  AccountRunner runner;
  Report report;
};

}  // namespace

std::vector<Report> run_together(std::vector<Job> jobs, const Clock& clock, const OnException& on_exception) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets with write(2)
  boost::asio::io_context context(1);
  boost::asio::signal_set signals(context, SIGINT, SIGTERM, SIGHUP);
  std::vector<std::unique_ptr<Running>> all;
  for (Job& job : jobs) all.push_back(std::make_unique<Running>(context, job, clock, on_exception));
  signals.async_wait([&all](const error_code& cancelled, int) {
    if (cancelled) return;
    for (const auto& one : all) one->runner.stop();
  });

  std::exception_ptr thrown;
  std::size_t left = all.size();
  for (const auto& one : all) {
    auto finish = [&, running = one.get()](std::exception_ptr exception, Report report) {
      if (exception) thrown = exception;
      running->report = std::move(report);
      if (--left == 0) context.stop();  // what still waits are signals, and deadlines that mean nothing now
    };
    boost::asio::co_spawn(context, one->runner.run(), finish);
  }
  context.run();
  if (thrown) std::rethrow_exception(thrown);

  std::vector<Report> reports;
  reports.reserve(all.size());
  for (const auto& one : all) reports.push_back(std::move(one->report));
  return reports;
}

}  // namespace fermo::fetcher
