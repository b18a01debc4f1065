#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pop3/client_session.h"
#include "runtime/explained.h"

namespace fermo::fetcher {

/// A server as the user names it.
struct ServerAddress {
  pop3::client::Tls tls = pop3::client::Tls::implicit;
  std::string host;  ///< A name, or an address without brackets.
  std::uint16_t port = 0;
};

/// "pop3s://HOST[:PORT]", "pop3+stls://…" or "pop3://…"; an IPv6 address stands in brackets.
runtime::Explained<ServerAddress> parse_server(std::string_view text);

/// What the ledger knows an account by: "ann@mail.example.org", with the port when it is not one of the two that
/// RFC 1939 §3 and RFC 8314 §7.3 register, so that a change from STLS to TLS makes no new account of it.
std::string account_name(std::string_view user, const ServerAddress& server);

}  // namespace fermo::fetcher
