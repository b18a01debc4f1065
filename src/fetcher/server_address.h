#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fetch/server_url.h"
#include "fetcher/socks5.h"
#include "pop3/client_session.h"
#include "runtime/explained.h"

namespace fermo::fetcher {

/// A server in the words of the client core.
struct ServerAddress {
  pop3::client::Tls tls = pop3::client::Tls::implicit;
  std::string host;  ///< A name, or an address without brackets.
  std::uint16_t port = 0;
};

ServerAddress address_of(const fetch::ServerUrl& server);

/// A SOCKS5 proxy on the way there.
struct ProxyAddress {
  std::string host;
  std::uint16_t port = 0;
  std::optional<socks5::Login> login;
};

/// fetch::read_server_url().
runtime::Explained<ServerAddress> parse_server(std::string_view text);

/// fetch::account_name().
std::string account_name(std::string_view user, const ServerAddress& server);

}  // namespace fermo::fetcher
