#include "pop3/client_reply.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mail/shown_text.h"
#include "pop3/command.h"

namespace fermo::pop3::client {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// `line` after `word`, when it begins with it and the word ends there; without regard to case.
std::optional<std::string_view> after_word(std::string_view line, std::string_view word) {
  if (!equal_ignoring_case(line.substr(0, word.size()), word)) return std::nullopt;
  const auto rest = line.substr(word.size());
  const bool goes_on = !rest.empty() && rest.front() != ' ' && rest.front() != '\t' && rest.front() != '[';
  return goes_on ? std::nullopt : std::optional(rest);
}

/// RFC 2449 §8: codes have levels, so that [SYS/TEMP/DISK] is still [SYS/TEMP].
ResponseCode code_of(std::string_view text) {
  using enum ResponseCode;
  static constexpr std::array codes = {
      std::pair{std::string_view("IN-USE"), in_use},     std::pair{std::string_view("LOGIN-DELAY"), login_delay},
      std::pair{std::string_view("SYS/TEMP"), sys_temp}, std::pair{std::string_view("SYS/PERM"), sys_perm},
      std::pair{std::string_view("AUTH"), auth},
  };
  const auto end = text.find(']');
  if (!text.starts_with('[') || end == std::string_view::npos) return none;
  const auto code = text.substr(1, end - 1);
  for (const auto& [name, meaning] : codes) {
    if (!equal_ignoring_case(code.substr(0, name.size()), name)) continue;
    if (code.size() == name.size() || code[name.size()] == '/' || code[name.size()] == ' ') return meaning;
  }
  return equal_ignoring_case(code.substr(0, 6), "EXPIRE") ? expire : other;
}

}  // namespace

std::optional<Reply> parse_reply(std::string_view line) {
  if (const auto rest = after_word(line, "+OK")) return Reply{.kind = Reply::Kind::ok, .text = trimmed(*rest)};
  if (const auto rest = after_word(line, "-ERR")) {
    const auto text = trimmed(*rest);
    return Reply{.kind = Reply::Kind::err, .code = code_of(text), .text = text};
  }
  if (line == "+" || line.starts_with("+ ")) {
    return Reply{.kind = Reply::Kind::challenge, .text = trimmed(line.substr(1))};
  }
  return std::nullopt;
}

std::string cleaned(std::string_view text, std::size_t octets_max) {
  return mail::shown_text(text, octets_max);
}

}  // namespace fermo::pop3::client
