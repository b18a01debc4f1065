#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fetch/account_settings.h"

namespace fermo::fetch {

/// A server as the user names it.
struct ServerUrl {
  TlsMode tls = TlsMode::implicit;
  std::string host;  ///< A name, or an address without brackets.
  std::uint16_t port = 0;
  friend bool operator==(const ServerUrl&, const ServerUrl&) = default;
};

struct ServerUrlRead {
  std::optional<ServerUrl> server;
  std::string problem;  ///< One sentence about what is wrong, and what would be right.
};
/// "pop3s://HOST[:PORT]", "pop3+stls://…" or "pop3://…"; an IPv6 address stands in brackets.
ServerUrlRead read_server_url(std::string_view text);
/// As it is written; a port that goes without saying is left out.
std::string text_of(const ServerUrl& server);

/// A SOCKS5 proxy (RFC 1928), which resolves the names of hosts too.
struct ProxyUrl {
  std::string host;
  std::uint16_t port = 0;
  std::string user;  ///< Empty: nobody logs in.
  friend bool operator==(const ProxyUrl&, const ProxyUrl&) = default;
};

struct ProxyUrlRead {
  std::optional<ProxyUrl> proxy;
  std::string problem;
};
/// "socks5://[USER@]HOST[:PORT]"; port 1080 when there is none. "socks5h://" is the same. A password in it is a
/// problem, and is not repeated.
ProxyUrlRead read_proxy_url(std::string_view text);
std::string text_of(const ProxyUrl& proxy);

/// What the ledger knows an account by: "ann@mail.example.org", with the port when it is not one of the two that
/// RFC 1939 §3 and RFC 8314 §7.3 register, so that a change from STLS to TLS makes no new account of it.
std::string account_name(std::string_view user, const ServerUrl& server);

}  // namespace fermo::fetch
