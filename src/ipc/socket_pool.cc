#include "ipc/socket_pool.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/secret.h"

namespace fermo::ipc {

void SocketPool::replace(std::vector<Descriptor> sockets) {
  std::vector<Connection> old;
  std::vector<Connection> old_late;
  {
    const std::lock_guard lock(mutex_);
    ++generation_;
    old.swap(free_);
    old_late.swap(late_);
    untold_.clear();
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
  take_back_late();
  std::unique_lock lock(mutex_);
  const auto settled = [&] { return !free_.empty() || open_ == 0 || (with && *with != generation_); };
  if (!freed_.wait_for(lock, time_max_, settled)) return std::nullopt;
  if (free_.empty() || (with && *with != generation_)) return std::nullopt;
  Connection connection = std::move(free_.back());
  free_.pop_back();
  return connection;
}

/// Once it has told what waited to be told.
void SocketPool::give_back(Connection connection) {
  while (true) {
    std::vector<std::string> frames;
    {
      const std::lock_guard lock(mutex_);
      if (connection.generation != generation_) return;
      if (untold_.empty()) {
        free_.push_back(std::move(connection));
        break;
      }
      frames.swap(untold_);
    }
    const auto told = [&connection](const std::string& frame) { return connection.socket.send(frame); };
    if (!std::ranges::all_of(frames, told)) return lose(std::move(connection));
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

void SocketPool::put_aside(Connection connection) {
  {
    const std::lock_guard lock(mutex_);
    if (connection.generation == generation_) {
      --open_;
      late_.push_back(std::move(connection));
    }
  }
  freed_.notify_all();
}

/// Those are nobody's now.
std::vector<SocketPool::Connection> SocketPool::late_with_something() {
  const std::lock_guard lock(mutex_);
  const auto waiting = std::ranges::partition(late_, [](const Connection& one) { return !one.socket.has_something(); });
  std::vector<Connection> some(std::make_move_iterator(waiting.begin()), std::make_move_iterator(waiting.end()));
  late_.erase(waiting.begin(), waiting.end());
  return some;
}

/// The replies that have come are for nobody any more.
void SocketPool::take_back_late() {
  for (Connection& connection : late_with_something()) {
    Frame late;
    const bool whole = connection.socket.receive(late);
    wipe(late.head);  // it may hold a secret
    if (!whole) continue;
    {
      const std::lock_guard lock(mutex_);
      if (connection.generation != generation_) continue;
      ++open_;
    }
    give_back(std::move(connection));
  }
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
  FrameSocket& socket = connection->socket;
  if (!socket.send(head, rest)) {
    lose(std::move(*connection));
    return Outcome::not_sent;
  }
  if (socket.receive(reply)) {
    give_back(std::move(*connection));
    return Outcome::answered;
  }
  if (socket.is_late()) {
    put_aside(std::move(*connection));
  } else {
    lose(std::move(*connection));
  }
  return Outcome::lost;
}

void SocketPool::tell(Generation with, std::string_view frame) {
  std::optional<Connection> connection;
  {
    const std::lock_guard lock(mutex_);
    if (with != generation_) return;
    untold_.emplace_back(frame);
    if (free_.empty()) return;  // whoever gives one back does it
    connection = std::move(free_.back());
    free_.pop_back();
  }
  give_back(std::move(*connection));
}

}  // namespace fermo::ipc
