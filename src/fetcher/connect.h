#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/result.h"
#include "fetcher/server_address.h"
#include "fetcher/socks5.h"
#include "runtime/stream.h"
#include "runtime/watchdog.h"

namespace fermo::fetcher {

/// Finds a host and connects to it, by a SOCKS5 proxy if there is one. To be used on its executor's thread alone.
class Connector {
 public:
  explicit Connector(boost::asio::any_io_executor executor);

  /// Tries the addresses of `host` one after the other; the error is that of the last one, or the resolver's. Each may
  /// take `time_max`, but while there are others no longer than limits::connect_address_time_max. With a proxy `host`
  /// is never looked up here; errors may be those of socks5::Error too.
  boost::asio::awaitable<Result<runtime::Stream::Socket>> connect(std::string host, std::uint16_t port,
                                                                  std::optional<ProxyAddress> proxy,
                                                                  std::chrono::seconds time_max);
  /// After an error: the proxy itself could not be reached.
  bool failed_before_proxy() const { return before_proxy_; }
  /// Ends connect() with boost::asio::error::operation_aborted.
  void cancel();

 private:
  using Addresses = boost::asio::ip::tcp::resolver::results_type;
  boost::asio::awaitable<error_code> reach(std::string host, std::uint16_t port, std::chrono::seconds time_max);
  boost::asio::awaitable<error_code> go_through(ProxyAddress proxy, std::string host, std::uint16_t port,
                                                std::chrono::seconds time_max);
  boost::asio::awaitable<error_code> shake_hands(socks5::Handshake& handshake);
  boost::asio::awaitable<error_code> try_address(boost::asio::ip::tcp::endpoint address, std::chrono::seconds time_max);
  void expire();

  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::ip::tcp::socket socket_;
  runtime::Watchdog watchdog_;
  bool before_proxy_ = false;
  bool timed_out_ = false;
  bool cancelled_ = false;
};

}  // namespace fermo::fetcher
