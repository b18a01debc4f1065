#include "maildrop_ipc/store_service.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "maildrop_ipc/store_session.h"
#include "maildrop_ipc/wire.h"

namespace fermo::maildrop_ipc {
namespace {

using namespace std::chrono_literals;

/// How long the acceptor rests when the system has no descriptors left: accept(2) would fail again at once.
constexpr int pause_without_descriptors_ms = 200;

error_code system_error() {
  return {errno, boost::system::system_category()};
}

bool may_connect(const ipc::FrameSocket& socket) {
  const auto user = socket.peer_user();
  return user && (*user == ::geteuid() || *user == 0);
}

bool send(ipc::FrameSocket& socket, const Reply& reply) {
  const auto [head, rest] = encode(reply);
  return socket.send(head, rest);
}

/// Answers requests until the peer goes or asks for what it may not.
void converse(ipc::FrameSocket& socket, StoreSession session) {
  ipc::Frame frame;
  while (socket.receive(frame)) {
    const auto request = decode_request(frame.head, std::move(frame.rest));
    if (!request) return;
    const auto reply = session.answer(*request);
    if (!reply || !send(socket, *reply)) return;
  }
}

}  // namespace

Result<std::unique_ptr<StoreService>> StoreService::start(maildrop::Store& store, const std::filesystem::path& path,
                                                          std::size_t connections_max,
                                                          maildrop::CheckpointSource* checkpoints) {
  auto listener = ipc::listen_at(path);
  if (!listener) return listener.error();
  Descriptor wake(::eventfd(0, EFD_CLOEXEC));
  if (!wake) return system_error();
  return std::unique_ptr<StoreService>(
      new StoreService(store, path, connections_max, checkpoints, std::move(*listener), std::move(wake)));
}

Result<std::unique_ptr<StoreService>> StoreService::start_on(maildrop::Store& store, Descriptor listener,
                                                             std::size_t connections_max,
                                                             maildrop::CheckpointSource* checkpoints) {
  Descriptor wake(::eventfd(0, EFD_CLOEXEC));
  if (!wake) return system_error();
  return std::unique_ptr<StoreService>(
      new StoreService(store, {}, connections_max, checkpoints, std::move(listener), std::move(wake)));
}

StoreService::StoreService(maildrop::Store& store, std::filesystem::path path, std::size_t connections_max,
                           maildrop::CheckpointSource* checkpoints, Descriptor listener, Descriptor wake)
    : store_(store),
      path_(std::move(path)),
      connections_max_(connections_max),
      checkpoints_(checkpoints),
      listener_(std::move(listener)),
      wake_(std::move(wake)),
      acceptor_([this] { accept_until_stopped(); }) {}

void StoreService::stop() {
  std::call_once(stopped_, [this] {
    ::eventfd_write(wake_.get(), 1);
    acceptor_.join();
    if (!path_.empty()) ::unlink(path_.c_str());
    {
      const std::lock_guard lock(mutex_);
      for (auto& connection : connections_) {
        if (connection.socket) connection.socket->shutdown();
      }
    }
    for (auto& connection : connections_) connection.thread.join();
    connections_.clear();
  });
}

void StoreService::accept_until_stopped() {
  std::array<pollfd, 2> waiting{pollfd{wake_.get(), POLLIN, 0}, pollfd{listener_.get(), POLLIN, 0}};
  while (true) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;  // EINTR
    if (waiting[0].revents != 0) return;
    if (waiting[1].revents != 0) accept_one();
  }
}

void StoreService::accept_one() {
  Descriptor accepted(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!accepted) {
    pollfd stopping{wake_.get(), POLLIN, 0};
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      ::poll(&stopping, 1, pause_without_descriptors_ms);
    }
    return;
  }
  ipc::FrameSocket socket(std::move(accepted));
  if (!may_connect(socket)) return;
  reap_ended();
  if (connections_.size() >= connections_max_) {
    send(socket, reply::Failed{maildrop::Error::unavailable});
    return;
  }
  auto& connection = connections_.emplace_back(std::move(socket));
  try {
    connection.thread = std::thread([this, &connection] { serve(connection); });
  } catch (const std::system_error&) {  // No more threads: as if there were too many connections.
    connections_.pop_back();
  }
}

void StoreService::reap_ended() {
  std::list<Connection> ended;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = connections_.begin(); it != connections_.end();) {
      const auto next = std::next(it);
      if (!it->socket) ended.splice(ended.end(), connections_, it);
      it = next;
    }
  }
  for (auto& connection : ended) connection.thread.join();
}

void StoreService::serve(Connection& connection) {
  try {
    converse(*connection.socket, StoreSession(store_, checkpoints_));
  } catch (const std::exception&) {
    // Of a library, or no memory: this connection ends, and the client knows that it got no answer.
  }
  const std::lock_guard lock(mutex_);
  connection.socket.reset();
}

}  // namespace fermo::maildrop_ipc
