#include "fetcher/connect.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <boost/asio/error.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/limits.h"
#include "base/secret.h"

namespace fermo::fetcher {

namespace asio = boost::asio;
using asio::ip::tcp;

Connector::Connector(asio::any_io_executor executor)
    : resolver_(executor), socket_(executor), watchdog_(executor, [this] { expire(); }) {}

void Connector::expire() {
  timed_out_ = true;
  error_code ignored;
  resolver_.cancel();
  socket_.close(ignored);
}

void Connector::cancel() {
  cancelled_ = true;
  error_code ignored;
  resolver_.cancel();
  socket_.close(ignored);
}

asio::awaitable<error_code> Connector::try_address(tcp::endpoint address, std::chrono::seconds time_max) {
  error_code failure;
  timed_out_ = false;
  socket_ = tcp::socket(socket_.get_executor());
  watchdog_.set_from_now(time_max);
  co_await socket_.async_connect(address, asio::redirect_error(asio::use_awaitable, failure));
  watchdog_.disarm();
  if (timed_out_) co_return asio::error::make_error_code(asio::error::timed_out);
  co_return failure;
}

asio::awaitable<error_code> Connector::reach(std::string host, std::uint16_t port, std::chrono::seconds time_max) {
  error_code failure;
  const std::string service = std::to_string(port);
  timed_out_ = false;
  watchdog_.set_from_now(time_max);
  const Addresses addresses = co_await resolver_.async_resolve(host, service, tcp::resolver::numeric_service,
                                                               asio::redirect_error(asio::use_awaitable, failure));
  watchdog_.disarm();
  if (cancelled_) co_return asio::error::make_error_code(asio::error::operation_aborted);
  if (timed_out_) co_return asio::error::make_error_code(asio::error::timed_out);
  if (failure) co_return failure;
  failure = asio::error::make_error_code(asio::error::host_not_found);
  std::size_t left = addresses.size();
  for (const auto& entry : addresses) {
    const tcp::endpoint address = entry.endpoint();
    const bool last = --left == 0;
    failure = co_await try_address(address, last ? time_max : std::min(time_max, limits::connect_address_time_max));
    if (cancelled_) co_return asio::error::make_error_code(asio::error::operation_aborted);
    if (!failure) break;
  }
  co_return failure;
}

// --- Through a proxy -------------------------------------------------------------------------------------------------

asio::awaitable<error_code> Connector::go_through(ProxyAddress proxy, std::string host, std::uint16_t port,
                                                  std::chrono::seconds time_max) {
  socks5::Handshake handshake(std::move(proxy.login), std::move(host), port);
  watchdog_.set_from_now(time_max);
  error_code failure = co_await shake_hands(handshake);
  watchdog_.disarm();
  if (cancelled_) co_return asio::error::make_error_code(asio::error::operation_aborted);
  if (timed_out_) co_return asio::error::make_error_code(asio::error::timed_out);
  if (failure == asio::error::eof) failure = socks5::Error::closed;
  co_return failure;
}

asio::awaitable<error_code> Connector::shake_hands(socks5::Handshake& handshake) {
  error_code failure;
  std::string received;
  while (!failure) {
    socks5::Handshake::Step step = handshake.next();
    if (auto* const send = std::get_if<socks5::Handshake::Send>(&step)) {
      const auto octets = asio::buffer(send->octets);
      co_await asio::async_write(socket_, octets, asio::redirect_error(asio::use_awaitable, failure));
      if (send->secret) wipe(send->octets);
    } else if (const auto* const receive = std::get_if<socks5::Handshake::Receive>(&step)) {
      received.resize(receive->octets);
      const auto octets = asio::buffer(received);
      co_await asio::async_read(socket_, octets, asio::redirect_error(asio::use_awaitable, failure));
      if (!failure) handshake.receive(received);
    } else if (const auto* const failed = std::get_if<socks5::Handshake::Failed>(&step)) {
      failure = failed->why;
    } else {
      break;
    }
  }
  co_return failure;
}

asio::awaitable<Result<runtime::Stream::Socket>> Connector::connect(std::string host, std::uint16_t port,
                                                                    std::optional<ProxyAddress> proxy,
                                                                    std::chrono::seconds time_max) {
  before_proxy_ = proxy.has_value();
  auto reaching = reach(proxy ? proxy->host : host, proxy ? proxy->port : port, time_max);
  error_code failure = co_await std::move(reaching);
  if (failure) co_return failure;
  before_proxy_ = false;
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  if (proxy) {
    auto going = go_through(std::move(*proxy), std::move(host), port, time_max);
    failure = co_await std::move(going);
  }
  if (failure) co_return failure;
  co_return runtime::Stream::Socket(std::move(socket_));
}

}  // namespace fermo::fetcher
