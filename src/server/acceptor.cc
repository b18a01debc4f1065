#include "server/acceptor.h"

#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <spdlog/spdlog.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/limits.h"
#include "server/listening_socket.h"

namespace fermo::server {
namespace {

namespace asio = boost::asio;

/// Connections taken in a row before the sessions of this core have their turn.
constexpr int kAcceptedAtOnceMax = 64;

bool is_exhaustion(int failure) {
  return failure == EMFILE || failure == ENFILE || failure == ENOBUFS || failure == ENOMEM;
}

/// Replies are written whole, so waiting for more to send (Nagle) only costs time; keep-alive finds peers that are
/// gone.
void set_tcp_options(int fd, const Peer& peer) {
  if (!peer.address) return;
  constexpr int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

}  // namespace

Acceptor::Acceptor(asio::io_context& core, int fd, std::string name, std::shared_ptr<spdlog::logger> log)
    : core_(core), socket_(core, fd), pause_(core), name_(std::move(name)), log_(std::move(log)) {}

void Acceptor::start(OnConnection on_connection) {
  on_connection_ = std::move(on_connection);
  asio::co_spawn(core_, accept_all(shared_from_this()), asio::detached);
}

void Acceptor::close() {
  error_code ignored;
  socket_.close(ignored);
  pause_.cancel();
}

asio::awaitable<void> Acceptor::accept_all(std::shared_ptr<Acceptor> self) {
  error_code failure;
  while (self->socket_.is_open()) {
    if (self->accept_waiting()) {
      co_await self->socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                                        asio::redirect_error(asio::use_awaitable, failure));
    } else {
      self->pause_.expires_after(limits::accept_pause);
      co_await self->pause_.async_wait(asio::redirect_error(asio::use_awaitable, failure));
    }
  }
}

/// False: no descriptors are left, and a pause is due.
bool Acceptor::accept_waiting() {
  for (int i = 0; i < kAcceptedAtOnceMax; ++i) {
    sockaddr_storage from{};
    socklen_t octets = sizeof(from);
    Descriptor fd(
        ::accept4(socket_.native_handle(), reinterpret_cast<sockaddr*>(&from), &octets, SOCK_NONBLOCK | SOCK_CLOEXEC));
    const int failure = fd ? 0 : errno;
    if (is_exhaustion(failure)) {
      note_exhausted(failure);
      return false;
    }
    note_recovered();  // accept(2) takes a descriptor before it looks for a connection
    if (fd) hand_over(fd.release(), Peer::from(from));
    if (failure == EAGAIN || failure == EWOULDBLOCK) return true;
    // Anything else is about one connection that is gone already (accept(2)).
  }
  return true;
}

void Acceptor::hand_over(int fd, const Peer& peer) {
  set_tcp_options(fd, peer);
  try {
    on_connection_(fd, peer);
  } catch (const std::exception& exception) {
    log_->error("a connection on {} could not be served: {}", name_, exception.what());
  }
}

void Acceptor::note_exhausted(int failure) {
  if (std::exchange(exhausted_, true)) return;
  log_->error(
      "{} takes no new connections for the moment: {}; allow more open files (LimitNOFILE=) or lower connections_max",
      name_, std::strerror(failure));
}

void Acceptor::note_recovered() {
  if (std::exchange(exhausted_, false)) log_->info("{} takes connections again", name_);
}

}  // namespace fermo::server
