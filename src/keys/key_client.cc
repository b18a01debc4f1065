#include "keys/key_client.h"

#include <optional>
#include <utility>
#include <variant>

#include "base/secret.h"

namespace fermo::keys {

KeyClient::KeyClient(std::vector<Descriptor> sockets, std::chrono::milliseconds time_max) : pool_(time_max) {
  replace(std::move(sockets));
}

template <class Expected>
Result<Expected> KeyClient::ask(const Request& request) {
  std::string payload;
  std::optional<Reply> reply;
  if (pool_.ask(encode(request), payload) == ipc::SocketPool::Outcome::answered) reply = decode_reply(payload);
  wipe(payload);
  if (!reply) return Error::unavailable;
  if (const auto* const failed = std::get_if<reply::Failed>(&*reply)) return failed->error;
  auto* const expected = std::get_if<Expected>(&*reply);
  if (expected == nullptr) return Error::unavailable;
  return std::move(*expected);
}

Result<std::size_t> KeyClient::key_count() {
  const auto reply = ask<reply::Welcome>(request::Hello{});
  if (!reply) return reply.error();
  return reply->keys;
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
