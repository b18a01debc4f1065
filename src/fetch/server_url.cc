#include "fetch/server_url.h"

#include <algorithm>

#include "fetch/import_text.h"

namespace fermo::fetch {
namespace {

constexpr std::uint16_t port_pop3 = 110;
constexpr std::uint16_t port_pop3s = 995;
constexpr std::uint16_t port_socks = 1080;

struct Scheme {
  std::string_view name;
  TlsMode tls;
};
constexpr Scheme schemes[] = {{"pop3s", TlsMode::implicit}, {"pop3+stls", TlsMode::stls}, {"pop3", TlsMode::plaintext}};

std::uint16_t usual_port(TlsMode tls) {
  return tls == TlsMode::implicit ? port_pop3s : port_pop3;
}

bool is_host(std::string_view text) {
  const auto allowed = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '/' && c != '@'; };
  return !text.empty() && std::ranges::all_of(text, allowed);
}

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};

/// HOST[:PORT] with a slash at most behind it. What is wrong is put into `problem`.
Endpoint read_endpoint(std::string_view rest, std::uint16_t usual, std::string& problem) {
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const bool bracketed = rest.starts_with('[');
  const auto host_end = bracketed ? rest.find(']') : rest.rfind(':');
  if (bracketed && host_end == std::string_view::npos) return problem = "a bracket is missing", Endpoint();
  std::string_view port;
  if (host_end != std::string_view::npos) {
    port = rest.substr(host_end + (bracketed ? 1 : 0));
    rest = rest.substr(0, host_end);
  }
  if (bracketed) rest.remove_prefix(1);
  const auto number = port.starts_with(':') ? port_number(port.substr(1)) : std::nullopt;
  if (!bracketed && rest.find(':') != std::string_view::npos) {
    problem = "an IPv6 address stands in brackets";
  } else if (!is_host(rest)) {
    problem = "its host is missing or has characters that no host has";
  } else if (!port.empty() && !number) {
    problem = "its port is no number from 1 to 65535";
  }
  return {std::string(rest), number.value_or(usual)};
}

std::string text_of(std::string_view start, const std::string& host, std::uint16_t port, std::uint16_t usual) {
  const bool ipv6 = host.find(':') != std::string::npos;
  return std::string(start) + (ipv6 ? "[" + host + "]" : host) +
         (port == usual ? std::string() : ":" + std::to_string(port));
}

}  // namespace

ServerUrlRead read_server_url(std::string_view text) {
  const auto wrong = [&](const std::string& why) {
    return ServerUrlRead{{},
                         quoted_for_people(text) + " is no server: " + why +
                             "; write pop3s://HOST[:PORT], pop3+stls://HOST[:PORT] or pop3://HOST[:PORT]"};
  };
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return wrong("it has no scheme");
  const auto* const scheme = std::ranges::find(schemes, text.substr(0, scheme_end), &Scheme::name);
  if (scheme == std::end(schemes)) return wrong("its scheme is unknown");
  std::string problem;
  auto endpoint = read_endpoint(text.substr(scheme_end + 3), usual_port(scheme->tls), problem);
  if (!problem.empty()) return wrong(problem);
  return {ServerUrl{scheme->tls, std::move(endpoint.host), endpoint.port}, {}};
}

std::string text_of(const ServerUrl& server) {
  const auto* const scheme = std::ranges::find(schemes, server.tls, &Scheme::tls);
  return text_of(std::string(scheme->name) + "://", server.host, server.port, usual_port(server.tls));
}

ProxyUrlRead read_proxy_url(std::string_view text) {
  const auto wrong = [](std::string why) { return ProxyUrlRead{{}, why + "; write socks5://[USER@]HOST[:PORT]"}; };
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return wrong("the proxy has no scheme");
  const auto scheme = text.substr(0, scheme_end);
  if (scheme != "socks5" && scheme != "socks5h") return wrong("only SOCKS5 proxies can be used");
  std::string_view rest = text.substr(scheme_end + 3);
  const auto at = rest.rfind('@');
  const std::string_view user = at == std::string_view::npos ? std::string_view() : rest.substr(0, at);
  if (user.find(':') != std::string_view::npos) return wrong("a password does not belong into the name of a proxy");
  if (at != std::string_view::npos) rest.remove_prefix(at + 1);
  std::string problem;
  auto endpoint = read_endpoint(rest, port_socks, problem);
  if (!problem.empty()) return wrong("the proxy cannot be found: " + problem);
  return {ProxyUrl{std::move(endpoint.host), endpoint.port, std::string(user)}, {}};
}

std::string text_of(const ProxyUrl& proxy) {
  const std::string user = proxy.user.empty() ? std::string() : proxy.user + "@";
  return text_of("socks5://" + user, proxy.host, proxy.port, port_socks);
}

std::string account_name(std::string_view user, const ServerUrl& server) {
  const std::string host = in_lower_case(server.host);
  // Gmail's way to ask for the last 30 days: the same maildrop with the same unique-ids.
  constexpr std::string_view recent = "recent:";
  const bool gmail = host == "pop.gmail.com" || host == "pop.googlemail.com";
  if (gmail && user.starts_with(recent)) user.remove_prefix(recent.size());
  std::string name = std::string(user) + '@' + host;
  if (server.port != port_pop3 && server.port != port_pop3s) name += ':' + std::to_string(server.port);
  return name;
}

}  // namespace fermo::fetch
