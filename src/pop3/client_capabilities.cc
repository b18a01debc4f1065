#include "pop3/client_capabilities.h"

#include <algorithm>
#include <array>
#include <limits>

#include "pop3/client_reply.h"
#include "pop3/command.h"

namespace fermo::pop3::client {
namespace {

using Words = std::vector<std::string_view>;
using Taker = void (*)(Capabilities&, const Words&);

/// What does not fit, or is no number, is as good as not said.
std::optional<std::uint32_t> small_number(const Words& words) {
  if (words.size() < 2) return std::nullopt;
  const auto number = parse_number(words[1]);
  if (!number || *number > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return upper;
}

void take_sasl(Capabilities& capabilities, const Words& words) {
  for (std::size_t i = 1; i < words.size(); ++i) capabilities.sasl.push_back(upper_case(words[i]));
}

void take_login_delay(Capabilities& capabilities, const Words& words) {
  if (const auto seconds = small_number(words)) capabilities.login_delay = std::chrono::seconds(*seconds);
}

void take_expire(Capabilities& capabilities, const Words& words) {
  capabilities.expire_days = small_number(words);
  capabilities.expire_never = words.size() > 1 && equal_ignoring_case(words[1], "NEVER");
}

struct Known {
  std::string_view name;
  Taker take;
};
constexpr std::array known_capabilities = {
    Known{"TOP", [](Capabilities& c, const Words&) { c.top = true; }},
    Known{"USER", [](Capabilities& c, const Words&) { c.user = true; }},
    Known{"UIDL", [](Capabilities& c, const Words&) { c.uidl = true; }},
    Known{"STLS", [](Capabilities& c, const Words&) { c.stls = true; }},
    Known{"PIPELINING", [](Capabilities& c, const Words&) { c.pipelining = true; }},
    Known{"RESP-CODES", [](Capabilities& c, const Words&) { c.resp_codes = true; }},
    Known{"AUTH-RESP-CODE", [](Capabilities& c, const Words&) { c.auth_resp_code = true; }},
    Known{"UTF8", [](Capabilities& c, const Words&) { c.utf8 = true; }},
    Known{"SASL", &take_sasl},
    Known{"LOGIN-DELAY", &take_login_delay},
    Known{"EXPIRE", &take_expire},
};

}  // namespace

void Capabilities::take_line(std::string_view line) {
  const Words words = split_words(line);
  if (words.empty()) return;
  if (equal_ignoring_case(words[0], "IMPLEMENTATION")) {
    const auto begin = static_cast<std::size_t>(words[0].data() - line.data()) + words[0].size();
    implementation = cleaned(line.substr(std::min(line.find_first_not_of(' ', begin), line.size())));
    return;
  }
  for (const auto& [name, take] : known_capabilities) {
    if (equal_ignoring_case(words[0], name)) return take(*this, words);
  }
}

std::string Capabilities::text() const {
  if (!known) return {};
  std::string lines = "CAPA";  // so that a server that knows CAPA and nothing else is remembered too
  const auto add = [&lines](bool there, std::string_view line) {
    if (there) lines.append("\n").append(line);
  };
  add(top, "TOP");
  add(user, "USER");
  add(uidl, "UIDL");
  add(stls, "STLS");
  add(pipelining, "PIPELINING");
  add(resp_codes, "RESP-CODES");
  add(auth_resp_code, "AUTH-RESP-CODE");
  add(utf8, "UTF8");
  for (const std::string& mechanism : sasl) add(true, "SASL " + mechanism);
  if (login_delay) add(true, "LOGIN-DELAY " + std::to_string(login_delay->count()));
  if (expire_days) add(true, "EXPIRE " + std::to_string(*expire_days));
  add(expire_never, "EXPIRE NEVER");
  add(!implementation.empty(), "IMPLEMENTATION " + implementation);
  return lines;
}

Capabilities Capabilities::from_text(std::string_view text) {
  Capabilities capabilities;
  capabilities.known = !text.empty();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    capabilities.take_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return capabilities;
}

}  // namespace fermo::pop3::client
