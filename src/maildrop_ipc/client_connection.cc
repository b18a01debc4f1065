#include "maildrop_ipc/client_connection.h"

namespace fermo::maildrop_ipc {
namespace {

/// A peer that does not close its side for so long is not waited for: nothing depends on it.
constexpr std::chrono::seconds goodbye_time_max{5};

}  // namespace

Result<std::shared_ptr<ClientConnection>> ClientConnection::open(const std::filesystem::path& path,
                                                                 std::chrono::milliseconds reply_time_max) {
  auto socket = connect_to(path);
  if (!socket) return socket.error();
  socket->set_receive_time_max(reply_time_max);
  auto connection = std::make_shared<ClientConnection>(std::move(*socket));
  if (const auto greeted = connection->ask<reply::Done>(request::Hello{}); !greeted) return greeted.error();
  return connection;
}

ClientConnection::~ClientConnection() {
  if (!lost_) socket_.say_goodbye(goodbye_time_max);
}

Result<Reply> ClientConnection::exchange(const Request& request, maildrop::Error when_lost) {
  const std::lock_guard lock(mutex_);
  if (lost_) return maildrop::Error::unavailable;
  if (!socket_.send(encode(request))) {
    lost_ = true;
    return maildrop::Error::unavailable;
  }
  std::string payload;
  std::optional<Reply> reply;
  if (socket_.receive(payload)) reply = decode_reply(payload);
  if (!reply) {
    lost_ = true;
    return when_lost;
  }
  if (const auto* const failed = std::get_if<reply::Failed>(&*reply)) return failed->error;
  return std::move(*reply);
}

error_code ClientConnection::give_up(maildrop::Error error) {
  const std::lock_guard lock(mutex_);
  lost_ = true;
  return error;
}

}  // namespace fermo::maildrop_ipc
