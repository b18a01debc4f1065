#include "keys/wire.h"

#include <array>
#include <chrono>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "base/wire_fields.h"

namespace fermo::keys {
namespace {

// The numbers on the wire: never changed and never used again for something else.
enum class RequestKind : std::uint8_t { hello = 1, get_certificates = 2, sign = 3, get_ticket_keys = 4 };
enum class ReplyKind : std::uint8_t { welcome = 1, failed = 2, certificates = 3, signature = 4, ticket_keys = 5 };
enum class Reason : std::uint8_t { no_such_key = 1, not_allowed = 2, failed = 3, unsupported = 4 };

/// Room for the largest reply with secrets in it: a string that grows would leave copies of them behind.
constexpr std::size_t ticket_keys_octets_max = 256;

template <class Kind>
void put_kind(FieldWriter& out, Kind kind) {
  out.number(static_cast<std::uint8_t>(kind));
}

void put(FieldWriter& out, const request::Hello& hello) {
  put_kind(out, RequestKind::hello);
  out.number(hello.version);
}
void put(FieldWriter& out, const request::GetCertificates& get) {
  put_kind(out, RequestKind::get_certificates);
  out.number(get.key);
}
void put(FieldWriter& out, const request::Sign& sign) {
  put_kind(out, RequestKind::sign);
  out.number(sign.key);
  out.number(static_cast<std::uint16_t>(sign.scheme));
  out.octets(sign.content);
}
void put(FieldWriter& out, const request::GetTicketKeys&) {
  put_kind(out, RequestKind::get_ticket_keys);
}

Reason reason_of(Error error) {
  switch (error) {
    case Error::no_such_key:
      return Reason::no_such_key;
    case Error::not_allowed:
      return Reason::not_allowed;
    case Error::unsupported:
      return Reason::unsupported;
    default:
      return Reason::failed;
  }
}

std::optional<Error> error_of(Reason reason) {
  switch (reason) {
    case Reason::no_such_key:
      return Error::no_such_key;
    case Reason::not_allowed:
      return Error::not_allowed;
    case Reason::failed:
      return Error::failed;
    case Reason::unsupported:
      return Error::unsupported;
  }
  return std::nullopt;
}

template <std::size_t octets>
void put_array(FieldWriter& out, const std::array<std::byte, octets>& array) {
  for (const std::byte octet : array) out.number(std::to_integer<std::uint8_t>(octet));
}

template <std::size_t octets>
void get_array(FieldReader& in, std::array<std::byte, octets>& array) {
  for (std::byte& octet : array) octet = std::byte{in.number<std::uint8_t>()};
}

void put(FieldWriter& out, const tickets::TicketKey& key) {
  put_array(out, key.name);
  put_array(out, key.cipher);
  put_array(out, key.mac);
}

tickets::TicketKey get_ticket_key(FieldReader& in) {
  tickets::TicketKey key;
  get_array(in, key.name);
  get_array(in, key.cipher);
  get_array(in, key.mac);
  return key;
}

void put(FieldWriter& out, const reply::Welcome& welcome) {
  put_kind(out, ReplyKind::welcome);
  out.number(welcome.keys);
}
void put(FieldWriter& out, const reply::Failed& failed) {
  put_kind(out, ReplyKind::failed);
  put_kind(out, reason_of(failed.error));
}
void put(FieldWriter& out, const reply::Certificates& certificates) {
  put_kind(out, ReplyKind::certificates);
  out.number(static_cast<std::uint32_t>(certificates.chain.size()));
  for (const auto& certificate : certificates.chain) out.octets(certificate);
}
void put(FieldWriter& out, const reply::Signature& signature) {
  put_kind(out, ReplyKind::signature);
  out.octets(signature.octets);
}
void put(FieldWriter& out, const reply::TicketKeys& keys) {
  out.reserve(ticket_keys_octets_max);
  put_kind(out, ReplyKind::ticket_keys);
  out.number(static_cast<std::uint32_t>(keys.set.time_left.count()));
  out.number(static_cast<std::uint8_t>(keys.set.previous ? 1 : 0));
  put(out, keys.set.current);
  if (keys.set.previous) put(out, *keys.set.previous);
}

std::optional<Request> get_sign(FieldReader& in) {
  const auto key = in.number<KeyNumber>();
  const auto scheme = static_cast<Scheme>(in.number<std::uint16_t>());
  std::string content(in.octets(limits::keys_content_octets_max));
  if (!parts_of(scheme) || content.empty()) return std::nullopt;
  return request::Sign{key, scheme, std::move(content)};
}

std::optional<Request> get_request(FieldReader& in) {
  switch (static_cast<RequestKind>(in.number<std::uint8_t>())) {
    case RequestKind::hello:
      return request::Hello{in.number<std::uint32_t>()};
    case RequestKind::get_certificates:
      return request::GetCertificates{in.number<KeyNumber>()};
    case RequestKind::sign:
      return get_sign(in);
    case RequestKind::get_ticket_keys:
      return request::GetTicketKeys{};
  }
  return std::nullopt;
}

std::optional<Reply> get_welcome(FieldReader& in) {
  const auto keys = in.number<KeyNumber>();
  if (keys > limits::keys_max) return std::nullopt;
  return reply::Welcome{keys};
}

std::optional<Reply> get_failed(FieldReader& in) {
  const auto error = error_of(static_cast<Reason>(in.number<std::uint8_t>()));
  if (!error) return std::nullopt;
  return reply::Failed{*error};
}

std::optional<Reply> get_certificates(FieldReader& in) {
  const std::size_t count = in.count(limits::keys_chain_max);
  std::vector<std::string> chain;
  for (std::size_t i = 0; i < count && !in.failed(); ++i) {
    chain.emplace_back(in.octets(limits::keys_certificate_octets_max));
    if (chain.back().empty()) return std::nullopt;
  }
  if (chain.empty()) return std::nullopt;
  return reply::Certificates{std::move(chain)};
}

std::optional<Reply> get_signature(FieldReader& in) {
  std::string octets(in.octets(limits::keys_signature_octets_max));
  if (octets.empty()) return std::nullopt;
  return reply::Signature{std::move(octets)};
}

std::optional<Reply> get_ticket_keys(FieldReader& in) {
  const std::chrono::milliseconds time_left(in.number<std::uint32_t>());
  const auto has_previous = in.number<std::uint8_t>();
  if (has_previous > 1 || time_left > limits::ticket_key_time_max) return std::nullopt;
  reply::TicketKeys keys{{get_ticket_key(in), std::nullopt, time_left}};
  if (has_previous == 1) keys.set.previous = get_ticket_key(in);
  return keys;
}

std::optional<Reply> get_reply(FieldReader& in) {
  switch (static_cast<ReplyKind>(in.number<std::uint8_t>())) {
    case ReplyKind::welcome:
      return get_welcome(in);
    case ReplyKind::failed:
      return get_failed(in);
    case ReplyKind::certificates:
      return get_certificates(in);
    case ReplyKind::signature:
      return get_signature(in);
    case ReplyKind::ticket_keys:
      return get_ticket_keys(in);
  }
  return std::nullopt;
}

template <class Message>
std::string encode_any(const Message& message, std::size_t octets_max) {
  FieldWriter out;
  std::visit([&out](const auto& alternative) { put(out, alternative); }, message);
  std::string payload = out.take();
  FERMO_CHECK(payload.size() <= octets_max);
  return payload;
}

}  // namespace

std::string encode(const Request& request) {
  return encode_any(request, limits::keys_request_octets_max);
}

std::string encode(const Reply& reply) {
  return encode_any(reply, limits::keys_reply_octets_max);
}

std::optional<Request> decode_request(std::string_view payload) {
  FieldReader in(payload);
  auto request = get_request(in);
  if (!in.whole()) return std::nullopt;
  return request;
}

std::optional<Reply> decode_reply(std::string_view payload) {
  FieldReader in(payload);
  auto reply = get_reply(in);
  if (!in.whole()) return std::nullopt;
  return reply;
}

}  // namespace fermo::keys
