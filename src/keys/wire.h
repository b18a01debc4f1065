#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "keys/error.h"
#include "keys/scheme.h"
#include "tickets/ticket_keys.h"

/// What is said between a TLS server and the process that holds its keys. A connection is a strict alternation of one
/// request and one reply, each in a frame (ipc/frame_socket.h), whose first octet is the kind. Both sides decode what
/// they get as input from a stranger. Nothing here touches a socket.
namespace fermo::keys {

/// Changes whenever a payload changes its meaning; both sides must have the same.
inline constexpr std::uint32_t protocol_version = 1;

/// Names a key by its place, from 0.
using KeyNumber = std::uint8_t;

namespace request {

/// Reply: Welcome, or Failed(unsupported) for another version.
struct Hello {
  std::uint32_t version = protocol_version;
};
/// Reply: Certificates.
struct GetCertificates {
  KeyNumber key;
};
/// 1 to `limits::keys_content_octets_max` octets of what a TLS server signs, not yet hashed. Reply: Signature.
struct Sign {
  KeyNumber key;
  Scheme scheme;
  std::string content;
};
/// Reply: TicketKeys.
struct GetTicketKeys {};

}  // namespace request

using Request = std::variant<request::Hello, request::GetCertificates, request::Sign, request::GetTicketKeys>;

namespace reply {

/// Keys are numbered from 0 to below `keys`, at most `limits::keys_max`.
struct Welcome {
  KeyNumber keys;
};
/// The answer to any request: no_such_key, not_allowed, failed, unsupported.
struct Failed {
  Error error;
};
/// 1 to `limits::keys_chain_max` certificates in DER, the server's own first.
struct Certificates {
  std::vector<std::string> chain;
};
/// As TLS sends it.
struct Signature {
  std::string octets;
};
struct TicketKeys {
  tickets::TicketKeySet set;
};

}  // namespace reply

using Reply = std::variant<reply::Welcome, reply::Failed, reply::Certificates, reply::Signature, reply::TicketKeys>;

/// The payload of a frame, never longer than `limits::keys_request_octets_max` (`keys_reply_octets_max`).
std::string encode(const Request& request);
std::string encode(const Reply& reply);

/// Nothing when `payload` is not exactly one request (reply) within the limits that stand beside it.
std::optional<Request> decode_request(std::string_view payload);
std::optional<Reply> decode_reply(std::string_view payload);

}  // namespace fermo::keys
