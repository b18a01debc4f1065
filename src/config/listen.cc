#include <charconv>

#include "config/config.h"
#include "config/network.h"
#include "config/text.h"

namespace fermo::config {
namespace {

/// sun_path has 108 octets with its NUL (unix(7)).
constexpr std::size_t unix_path_octets_max = 107;

std::string_view name_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::pop3:
      return "pop3";
    case Protocol::pop3s:
      return "pop3s";
    case Protocol::lmtp:
      return "lmtp";
  }
  return {};
}

std::optional<Protocol> protocol_named(std::string_view name) {
  for (const auto protocol : {Protocol::pop3, Protocol::pop3s, Protocol::lmtp}) {
    if (name == name_of(protocol)) return protocol;
  }
  return std::nullopt;
}

ListenParsed wrong(std::string problem) {
  return {.listen = {}, .problem = std::move(problem)};
}

ListenParsed parse_unix(Protocol protocol, std::string_view path) {
  if (protocol != Protocol::lmtp) return wrong("unix: is for lmtp only; a mail program cannot connect to a path");
  if (path.empty()) return wrong("the path after unix: is missing");
  if (path.find('\0') != std::string_view::npos) return wrong("the path after unix: holds a NUL");
  if (path.size() > unix_path_octets_max) {
    return wrong("the path after unix: has more than " + std::to_string(unix_path_octets_max) +
                 " octets, which no unix socket can have; choose a shorter one");
  }
  Listen listen{.protocol = protocol, .address = {}, .port = 0, .unix_path = path};
  return {.listen = std::move(listen), .problem = {}};
}

struct Endpoint {
  std::string_view address;
  std::string_view port;
  bool bracketed;
};

/// Nothing when there is no ":" before a port.
std::optional<Endpoint> split(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find("]:");
    if (end == std::string_view::npos) return std::nullopt;
    return Endpoint{text.substr(1, end - 1), text.substr(end + 2), true};
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return Endpoint{text.substr(0, colon), text.substr(colon + 1), false};
}

std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

std::string address_problem(const Endpoint& endpoint) {
  const auto address = read_address(endpoint.address);
  const bool has_colon = endpoint.address.find(':') != std::string_view::npos;
  if (endpoint.bracketed)
    return address && has_colon ? "" : in_quotes(endpoint.address) + " in brackets is not an IPv6 address";
  if (endpoint.address == "*") return {};
  if (has_colon) return "an IPv6 address stands in brackets, like [::1]:1110";
  if (address) return {};
  if (endpoint.address.empty()) return "the address is missing; write * for every address of this machine";
  if (endpoint.address == "localhost") return "names are not looked up; write 127.0.0.1 or [::1] for localhost";
  return in_quotes(endpoint.address) +
         " is not a numeric address; names are not looked up, since what they mean may change";
}

}  // namespace

std::string Listen::text() const {
  const std::string start = std::string(name_of(protocol)) + "=";
  if (!unix_path.empty()) return start + "unix:" + unix_path.string();
  const bool brackets = address.find(':') != std::string::npos;
  return start + (brackets ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

ListenParsed parse_listen(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return wrong("it has the form PROTO=ADDRESS:PORT, like pop3=127.0.0.1:1110, or lmtp=unix:PATH");
  }
  const auto protocol = protocol_named(text.substr(0, equals));
  if (!protocol) return wrong(in_quotes(text.substr(0, equals)) + " is not a protocol; it must be pop3, pop3s or lmtp");
  const std::string_view rest = text.substr(equals + 1);
  if (rest.starts_with("unix:")) return parse_unix(*protocol, rest.substr(5));

  const auto endpoint = split(rest);
  if (!endpoint) return wrong("the port is missing, as in " + std::string(name_of(*protocol)) + "=127.0.0.1:1110");
  if (auto problem = address_problem(*endpoint); !problem.empty()) return wrong(std::move(problem));
  const auto port = read_port(endpoint->port);
  if (!port) return wrong(in_quotes(endpoint->port) + " is not a port; it must be a number from 0 to 65535");
  const auto address = read_address(endpoint->address);
  Listen listen{
      .protocol = *protocol, .address = address ? address_text(*address) : "*", .port = *port, .unix_path = {}};
  return {.listen = std::move(listen), .problem = {}};
}

}  // namespace fermo::config
