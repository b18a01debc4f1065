#include "maildrop_ipc/client_connection.h"

#include <utility>

#include "ipc/frame_socket.h"

namespace fermo::maildrop_ipc {
Result<std::shared_ptr<ClientConnection>> ClientConnection::open(const std::filesystem::path& path,
                                                                 std::chrono::milliseconds reply_time_max) {
  auto socket = ipc::connect_to(path);
  if (!socket) return socket.error();
  socket->set_receive_time_max(reply_time_max);
  auto connection = std::make_shared<ClientConnection>(line_over(std::move(*socket)));
  if (const auto greeted = connection->ask<reply::Done>(request::Hello{}); !greeted) return greeted.error();
  return connection;
}

Result<Reply> ClientConnection::exchange(const Request& request, maildrop::Error when_lost) {
  const std::lock_guard lock(mutex_);
  if (lost_ || !close_cursors()) return maildrop::Error::unavailable;
  Line::Outcome outcome{};
  auto reply = carry(request, outcome);
  if (!reply) {
    lost_ = true;
    return outcome == Line::Outcome::not_sent ? maildrop::Error::unavailable : when_lost;
  }
  if (const auto* const failed = std::get_if<reply::Failed>(&*reply)) return failed->error;
  return std::move(*reply);
}

/// Nothing: the connection is of no use any more.
std::optional<Reply> ClientConnection::carry(const Request& request, Line::Outcome& outcome) {
  ipc::Frame frame;
  const auto [head, rest] = encode(request);
  outcome = line_->ask(head, rest, frame);
  return outcome == Line::Outcome::answered ? decode_reply(frame.head, std::move(frame.rest)) : std::nullopt;
}

bool ClientConnection::close_cursors() {
  std::vector<CursorId> left;
  {
    const std::lock_guard lock(left_mutex_);
    left.swap(left_);
  }
  Line::Outcome outcome{};
  for (const CursorId cursor : left) lost_ = lost_ || !carry(request::CloseCursor{cursor}, outcome);
  return !lost_;
}

void ClientConnection::close_later(CursorId cursor) {
  const std::lock_guard lock(left_mutex_);
  left_.push_back(cursor);
}

error_code ClientConnection::give_up(maildrop::Error error) {
  const std::lock_guard lock(mutex_);
  lost_ = true;
  return error;
}

}  // namespace fermo::maildrop_ipc
