#include "fetcher/run_alone.h"

#include <fcntl.h>

#include <csignal>
#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>

#include "runtime/blocking_pool.h"

namespace fermo::fetcher {
namespace {

class Alone {
 public:
  Alone(Job job, const Clock& clock, const OnException& on_exception)
      : job_(std::move(job)),
        signals_(context_),
        orders_(context_),
        pool_(std::in_place, "fetch", runtime::BlockingPool::Size{1, 1}, on_exception),
        runner_(context_.get_executor(), std::move(job_.settings), *job_.target, *job_.ledger, *pool_, clock,
                job_.observer) {}
  /// The pool ends before anything that its jobs use: after an exception one of them may be under way.
  ~Alone() { pool_.reset(); }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;

  void heed_signals() {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) signals_.add(signal);
    signals_.async_wait([this](const error_code& cancelled, int) {
      if (!cancelled) runner_.stop();
    });
  }

  void heed(const processes::NoteSocket& orders) {
    orders_.assign(::fcntl(orders.get(), F_DUPFD_CLOEXEC, 0));
    orders_.async_wait(boost::asio::posix::descriptor_base::wait_read, [this](const error_code& cancelled) {
      if (!cancelled) runner_.stop();
    });
  }

  Report run() {
    auto finish = [this](std::exception_ptr exception, Report report) {
      thrown_ = std::move(exception);
      report_ = std::move(report);
      context_.stop();  // what still waits are signals, and deadlines that mean nothing now
    };
    boost::asio::co_spawn(context_, runner_.run(), finish);
    context_.run();
    if (thrown_) std::rethrow_exception(thrown_);
    job_.observer.ended(report_);
    return std::move(report_);
  }

 private:
  boost::asio::io_context context_{1};
  Job job_;
  boost::asio::signal_set signals_;
  boost::asio::posix::stream_descriptor orders_;
  std::optional<runtime::BlockingPool> pool_;
  AccountRunner runner_;
  std::exception_ptr thrown_;
  Report report_;
};

}  // namespace

Report run_alone(Job job, const Clock& clock, const OnException& on_exception, const processes::NoteSocket* orders) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets with write(2)
  Alone alone(std::move(job), clock, on_exception);
  if (orders == nullptr) {
    alone.heed_signals();
  } else {
    alone.heed(*orders);
  }
  return alone.run();
}

}  // namespace fermo::fetcher
