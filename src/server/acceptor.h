#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <spdlog/fwd.h>

#include "base/result.h"
#include "server/peer.h"

namespace fermo::server {

/// Accepts from one listening socket on one core. When the process has run out of descriptors it says so once, waits
/// and goes on.
class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  using OnConnection = std::function<void(int fd, const Peer& peer)>;

  /// Owns `fd`, a non-blocking socket that listens. `name` is for the log.
  Acceptor(boost::asio::io_context& core, int fd, std::string name, std::shared_ptr<spdlog::logger> log);

  void start(OnConnection on_connection);
  /// On the core's thread, or when it does not run.
  void close();
  bool is_open() const { return socket_.is_open(); }

 private:
  static boost::asio::awaitable<void> accept_all(std::shared_ptr<Acceptor> self);
  bool accept_waiting();
  void hand_over(int fd, const Peer& peer);
  void note_exhausted(int failure);
  void note_recovered();

  boost::asio::io_context& core_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer pause_;
  std::string name_;
  std::shared_ptr<spdlog::logger> log_;
  OnConnection on_connection_;
  bool exhausted_ = false;
};

}  // namespace fermo::server
