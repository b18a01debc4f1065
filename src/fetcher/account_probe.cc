#include "fetcher/account_probe.h"

#include <csignal>
#include <exception>
#include <utility>
#include <variant>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace fermo::fetcher {
namespace {

namespace client = pop3::client;

class Prober {
 public:
  Prober(boost::asio::any_io_executor executor, const AccountSettings& settings)
      : settings_(settings), connector_(executor) {}

  boost::asio::awaitable<void> run() {
    const ServerAddress& server = settings_.server;
    auto connecting = connector_.connect(server.host, server.port, settings_.proxy, settings_.time_max);
    Result<runtime::Stream::Socket> socket = co_await std::move(connecting);
    if (!socket) {
      const ProxyAddress* const proxy = connector_.failed_before_proxy() ? &*settings_.proxy : nullptr;
      explain_unreachable(server, proxy, socket.error(), probe_.report);
      probe_.report.advice = "are host and port right, does the server run, and is this machine online?";
      co_return;
    }
    session_.emplace(std::move(*socket), settings_.tls, session_settings());
    session_->order(client::Order::stat());
    session_->order(client::Order::quit());
    for (bool closed = false; !closed;) {
      const client::Step step = co_await session_->next();
      closed = take(step);
    }
    probe_.report.tls = session_->tls_summary();
  }

  Probe finish() { return std::move(probe_); }

 private:
  client::Settings session_settings() const {
    client::Settings settings;
    settings.tls = settings_.server.tls;
    settings.plaintext_logins = settings_.plaintext_logins;
    settings.kind = settings_.kind;
    settings.user = settings_.user;
    settings.secret = settings_.secret;
    settings.host = settings_.server.host;
    settings.port = settings_.server.port;
    settings.reply_time_max = settings_.time_max;
    settings.pipelining = client::Pipelining::off;
    return settings;
  }

  /// True at the end.
  bool take(const client::Step& step) {
    if (const auto* ready = std::get_if<client::Ready>(&step)) {
      probe_.capabilities = ready->capabilities;
      probe_.method = client::name_of(ready->method);
      probe_.greeting = ready->greeting;
    }
    if (const auto* status = std::get_if<client::Status>(&step)) probe_.drop = status->listing;
    const auto* close = std::get_if<client::Close>(&step);
    if (close == nullptr) return false;
    probe_.certificate = session_->certificate_problem();
    // Nothing depends on the answer to QUIT.
    if (!probe_.drop) explain_end(*close, session_->failure(), probe_.certificate, probe_.report);
    if (!probe_.drop && close->end == client::End::quit) {
      probe_.report.verdict = Verdict::protocol;
      probe_.report.problem = "the server does not say what the maildrop holds";
    }
    return true;
  }

  const AccountSettings& settings_;
  Connector connector_;
  std::optional<RemoteSession> session_;
  Probe probe_;
};

}  // namespace

Probe probe_account(const AccountSettings& settings) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets with write(2)
  boost::asio::io_context context(1);
  Prober prober(context.get_executor(), settings);
  std::exception_ptr thrown;
  boost::asio::co_spawn(context, prober.run(), [&](std::exception_ptr exception) {
    thrown = exception;
    context.stop();  // what still waits are deadlines that mean nothing now
  });
  context.run();
  if (thrown) std::rethrow_exception(thrown);
  return prober.finish();
}

}  // namespace fermo::fetcher
