#include "server/signals.h"

#include <csignal>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

namespace fermo::server {

class Signals::Impl {
 public:
  Impl(std::function<void()> on_stop, std::function<void()> on_reload)
      : on_stop_(std::move(on_stop)),
        on_reload_(std::move(on_reload)),
        context_(1),
        signals_(context_, SIGTERM, SIGINT, SIGHUP) {
    await_next();
    thread_ = std::thread([this] { context_.run(); });
  }

  ~Impl() {
    context_.stop();
    thread_.join();
  }

 private:
  void await_next() {
    signals_.async_wait([this](boost::system::error_code failure, int signal) {
      if (failure) return;
      (signal == SIGHUP ? on_reload_ : on_stop_)();
      await_next();
    });
  }

  std::function<void()> on_stop_;
  std::function<void()> on_reload_;
  boost::asio::io_context context_;
  boost::asio::signal_set signals_;
  std::thread thread_;
};

Signals::Signals(std::function<void()> on_stop, std::function<void()> on_reload)
    : impl_(std::make_unique<Impl>(std::move(on_stop), std::move(on_reload))) {}

Signals::~Signals() = default;

}  // namespace fermo::server
