#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "account/account.h"
#include "account/authenticator.h"
#include "mail/address.h"

/// What is said between the process with the network and the one that knows the users. A connection is a strict
/// alternation of one request and one reply, each in a frame (ipc/frame_socket.h), whose first octet is the kind. Both
/// sides decode what they get as input from a stranger. Nothing here touches a socket.
namespace fermo::auth_ipc {

namespace request {

/// Reply: Decided.
struct Verify {
  account::LoginAttempt attempt;
};
/// Reply: Found.
struct FindRecipient {
  mail::Address recipient;
};

}  // namespace request

using Request = std::variant<request::Verify, request::FindRecipient>;

namespace reply {

/// The answer to any request: it could not be decided.
struct Failed {};
struct Decided {
  account::LoginDecision decision;
};
struct Found {
  std::optional<account::Account> account;
};

}  // namespace reply

using Reply = std::variant<reply::Failed, reply::Decided, reply::Found>;

/// True when every text is within `limits::auth_ipc_text_octets_max`: nothing else can be encoded.
bool fits(const Request& request);
/// A request may hold a password: its reader has to wipe it.
std::string encode(const Request& request);
std::string encode(const Reply& reply);

/// Nothing when `payload` is not exactly one request (reply) within the limits.
std::optional<Request> decode_request(std::string_view payload);
std::optional<Reply> decode_reply(std::string_view payload);

}  // namespace fermo::auth_ipc
