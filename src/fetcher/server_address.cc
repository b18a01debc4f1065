#include "fetcher/server_address.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace fermo::fetcher {
namespace {

using pop3::client::Tls;
using Outcome = runtime::Explained<ServerAddress>;

constexpr std::uint16_t port_pop3 = 110;
constexpr std::uint16_t port_pop3s = 995;

std::optional<Tls> tls_of(std::string_view scheme) {
  if (scheme == "pop3s") return Tls::implicit;
  if (scheme == "pop3+stls") return Tls::stls;
  if (scheme == "pop3") return Tls::none;
  return std::nullopt;
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

bool is_host(std::string_view text) {
  const auto allowed = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '/' && c != '@'; };
  return !text.empty() && std::ranges::all_of(text, allowed);
}

}  // namespace

Outcome parse_server(std::string_view text) {
  const auto wrong = [&](const std::string& why) {
    return Outcome::problem("«" + std::string(text) + "» is no server: " + why +
                            "; write pop3s://HOST[:PORT], pop3+stls://HOST[:PORT] or pop3://HOST[:PORT]");
  };
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return wrong("it has no scheme");
  const auto tls = tls_of(text.substr(0, scheme_end));
  if (!tls) return wrong("its scheme is unknown");
  std::string_view rest = text.substr(scheme_end + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  ServerAddress server{*tls, {}, *tls == Tls::implicit ? port_pop3s : port_pop3};
  const bool bracketed = rest.starts_with('[');
  const auto host_end = bracketed ? rest.find(']') : rest.rfind(':');
  if (bracketed && host_end == std::string_view::npos) return wrong("a bracket is missing");
  std::string_view port;
  if (host_end != std::string_view::npos) {
    port = rest.substr(host_end + (bracketed ? 1 : 0));
    rest = rest.substr(0, host_end);
  }
  if (bracketed) rest.remove_prefix(1);
  if (!bracketed && rest.find(':') != std::string_view::npos) return wrong("an IPv6 address stands in brackets");
  if (!is_host(rest)) return wrong("its host is missing or has characters that no host has");
  server.host = rest;
  if (port.empty()) return server;
  const auto number = port.starts_with(':') ? port_of(port.substr(1)) : std::nullopt;
  if (!number) return wrong("its port is no number from 1 to 65535");
  server.port = *number;
  return server;
}

std::string account_name(std::string_view user, const ServerAddress& server) {
  std::string name(user);
  name += '@';
  std::ranges::transform(server.host, std::back_inserter(name),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  if (server.port != port_pop3 && server.port != port_pop3s) name += ':' + std::to_string(server.port);
  return name;
}

}  // namespace fermo::fetcher
