#include "keys/key_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>
#include <variant>

#include "base/secret.h"

namespace fermo::keys {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

bool wait_for(int socket, short events, Deadline deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd waiting{socket, events, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

bool send_whole(int socket, std::string_view octets, Deadline deadline) {
  while (!octets.empty()) {
    const ssize_t sent = ::send(socket, octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      octets.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EINTR && (errno != EAGAIN || !wait_for(socket, POLLOUT, deadline))) {
      return false;
    }
  }
  return true;
}

bool receive_whole(int socket, char* to, std::size_t octets, Deadline deadline) {
  while (octets > 0) {
    const ssize_t got = ::recv(socket, to, octets, MSG_DONTWAIT);
    if (got > 0) {
      to += got;
      octets -= static_cast<std::size_t>(got);
    } else if (got == 0 || (errno != EINTR && (errno != EAGAIN || !wait_for(socket, POLLIN, deadline)))) {
      return false;
    }
  }
  return true;
}

/// Nothing when the connection is of no use any more.
std::optional<Reply> exchange(int socket, const Request& request, Deadline deadline) {
  std::array<char, length_octets> length;
  if (!send_whole(socket, frame(encode(request)), deadline)) return std::nullopt;
  if (!receive_whole(socket, length.data(), length.size(), deadline)) return std::nullopt;
  const std::size_t octets = length_of_frame({length.data(), length.size()});
  if (octets == 0 || octets > limits::keys_reply_octets_max) return std::nullopt;
  std::string payload(octets, '\0');
  const bool whole = receive_whole(socket, payload.data(), octets, deadline);
  auto reply = whole ? decode_reply(payload) : std::nullopt;
  wipe(payload);
  return reply;
}

}  // namespace

KeyClient::KeyClient(std::vector<Descriptor> sockets, std::chrono::milliseconds time_max) : time_max_(time_max) {
  replace(std::move(sockets));
}

void KeyClient::replace(std::vector<Descriptor> sockets) {
  std::vector<Connection> old;
  {
    const std::lock_guard lock(mutex_);
    ++generation_;
    old.swap(free_);
    open_ = sockets.size();
    for (Descriptor& socket : sockets) free_.push_back({std::move(socket), generation_});
  }
  freed_.notify_all();
}

Result<KeyClient::Connection> KeyClient::take(Deadline deadline) {
  Connection connection;
  {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_until(lock, deadline, [this] { return !free_.empty() || open_ == 0; })) return Error::unavailable;
    if (free_.empty()) return Error::unavailable;
    connection = std::move(free_.back());
    free_.pop_back();
  }
  if (connection.keys) return connection;
  const auto reply = exchange(connection.socket.get(), request::Hello{}, deadline);
  const auto* const welcome = reply ? std::get_if<reply::Welcome>(&*reply) : nullptr;
  if (welcome == nullptr) {
    lose(connection);
    const auto* const failed = reply ? std::get_if<reply::Failed>(&*reply) : nullptr;
    return failed != nullptr ? failed->error : Error::unavailable;
  }
  connection.keys = welcome->keys;
  return connection;
}

void KeyClient::give_back(Connection connection) {
  {
    const std::lock_guard lock(mutex_);
    if (connection.generation == generation_) free_.push_back(std::move(connection));
  }
  freed_.notify_one();
}

void KeyClient::lose(const Connection& connection) {
  {
    const std::lock_guard lock(mutex_);
    if (connection.generation == generation_) --open_;
  }
  freed_.notify_all();
}

template <class Expected>
Result<Expected> KeyClient::ask(const Request& request) {
  const Deadline deadline = std::chrono::steady_clock::now() + time_max_;
  auto connection = take(deadline);
  if (!connection) return connection.error();
  auto reply = exchange(connection->socket.get(), request, deadline);
  const auto* const failed = reply ? std::get_if<reply::Failed>(&*reply) : nullptr;
  auto* const expected = reply ? std::get_if<Expected>(&*reply) : nullptr;
  if (failed == nullptr && expected == nullptr) {
    lose(*connection);
    return Error::unavailable;
  }
  give_back(std::move(*connection));
  if (failed != nullptr) return failed->error;
  return std::move(*expected);
}

Result<std::size_t> KeyClient::key_count() {
  auto connection = take(std::chrono::steady_clock::now() + time_max_);
  if (!connection) return connection.error();
  const std::size_t keys = *connection->keys;
  give_back(std::move(*connection));
  return keys;
}

Result<std::vector<std::string>> KeyClient::certificates(KeyNumber key) {
  auto reply = ask<reply::Certificates>(request::GetCertificates{key});
  if (!reply) return reply.error();
  return std::move(reply->chain);
}

Result<std::string> KeyClient::sign(KeyNumber key, Scheme scheme, std::string_view content) {
  if (content.empty() || content.size() > limits::keys_content_octets_max) return Error::not_allowed;
  auto reply = ask<reply::Signature>(request::Sign{key, scheme, std::string(content)});
  if (!reply) return reply.error();
  return std::move(reply->octets);
}

Result<tickets::TicketKeySet> KeyClient::ticket_keys() {
  auto reply = ask<reply::TicketKeys>(request::GetTicketKeys{});
  if (!reply) return reply.error();
  return reply->set;
}

}  // namespace fermo::keys
