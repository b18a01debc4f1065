#include "ipc/socket_pool.h"

#include <utility>

namespace fermo::ipc {

void SocketPool::replace(std::vector<Descriptor> sockets) {
  std::vector<Connection> old;
  {
    const std::lock_guard lock(mutex_);
    ++generation_;
    old.swap(free_);
    open_ = sockets.size();
    for (Descriptor& socket : sockets) {
      free_.push_back({FrameSocket(std::move(socket)), generation_});
      free_.back().socket.set_receive_time_max(time_max_);
    }
  }
  freed_.notify_all();
}

SocketPool::Generation SocketPool::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

std::optional<SocketPool::Connection> SocketPool::take(std::optional<Generation> with) {
  std::unique_lock lock(mutex_);
  const auto settled = [&] { return !free_.empty() || open_ == 0 || (with && *with != generation_); };
  if (!freed_.wait_for(lock, time_max_, settled)) return std::nullopt;
  if (free_.empty() || (with && *with != generation_)) return std::nullopt;
  Connection connection = std::move(free_.back());
  free_.pop_back();
  return connection;
}

void SocketPool::give_back(Connection connection) {
  {
    const std::lock_guard lock(mutex_);
    if (connection.generation == generation_) free_.push_back(std::move(connection));
  }
  freed_.notify_one();
}

void SocketPool::lose(Connection connection) {
  {
    const std::lock_guard lock(mutex_);
    if (connection.generation == generation_) --open_;
  }
  freed_.notify_all();
}

SocketPool::Outcome SocketPool::ask(std::optional<Generation> with, std::string_view head, std::string_view rest,
                                    Frame& reply) {
  return exchange(with, head, rest, reply);
}

SocketPool::Outcome SocketPool::ask(std::string_view head, std::string& reply) {
  return exchange(std::nullopt, head, {}, reply);
}

template <class Received>
SocketPool::Outcome SocketPool::exchange(std::optional<Generation> with, std::string_view head, std::string_view rest,
                                         Received& reply) {
  auto connection = take(with);
  if (!connection) return Outcome::not_sent;
  Outcome outcome = Outcome::not_sent;
  if (connection->socket.send(head, rest)) {
    outcome = connection->socket.receive(reply) ? Outcome::answered : Outcome::lost;
  }
  if (outcome == Outcome::answered) {
    give_back(std::move(*connection));
  } else {
    lose(std::move(*connection));
  }
  return outcome;
}

void SocketPool::tell(Generation with, std::string_view frame) {
  auto connection = take(with);
  if (!connection) return;
  if (connection->socket.send(frame)) {
    give_back(std::move(*connection));
  } else {
    lose(std::move(*connection));
  }
}

}  // namespace fermo::ipc
