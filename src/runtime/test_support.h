#pragma once

#include <array>
#include <cstdlib>
#include <future>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "runtime/test_folder.h"

namespace fermo::runtime::test {

/// Two connected stream sockets. The first is for our side; the second blocks.
struct SocketPair {
  SocketPair() {
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) std::abort();
    ours = fds[0];
    theirs = fds[1];
  }
  ~SocketPair() {
    close_theirs();
    if (ours >= 0) ::close(ours);
  }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;

  int take_ours() { return std::exchange(ours, -1); }
  void close_theirs() {
    if (theirs >= 0) ::close(std::exchange(theirs, -1));
  }

  int ours;
  int theirs;
};

/// Runs one coroutine to its end on this thread.
template <class T>
T run(boost::asio::io_context& context, boost::asio::awaitable<T> coroutine) {
  std::future<T> outcome = boost::asio::co_spawn(context, std::move(coroutine), boost::asio::use_future);
  context.restart();
  context.run();
  return outcome.get();
}

}  // namespace fermo::runtime::test
