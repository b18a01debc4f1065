#include "pop3/client_reply.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mail/utf8.h"
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

/// How many octets from the front of well-formed UTF-8 make one character.
std::size_t character_octets(std::string_view text) {
  std::size_t octets = 1;
  while (octets < text.size() && (static_cast<unsigned char>(text[octets]) & 0xC0U) == 0x80U) ++octets;
  return octets;
}

/// C1 controls, and what Unicode has for turning the direction of writing (U+061C, U+200E, U+200F, U+202A to U+202E,
/// U+2066 to U+2069) or breaking lines (U+2028, U+2029).
bool may_be_shown(std::string_view character) {
  if (character.size() == 1) return character[0] >= ' ' && character[0] != '\x7F';
  if (character.size() == 2) return !(character[0] == '\xC2' && character < "\xC2\xA0") && character != "\xD8\x9C";
  const bool direction = character == "\xE2\x80\x8E" || character == "\xE2\x80\x8F";
  const bool embedding = character >= "\xE2\x80\xA8" && character <= "\xE2\x80\xAE";
  const bool isolate = character >= "\xE2\x81\xA6" && character <= "\xE2\x81\xA9";
  return !(character.size() == 3 && (direction || embedding || isolate));
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
  const bool utf8 = mail::is_utf8(text);
  std::string clean;
  while (!text.empty()) {
    const auto character = text.substr(0, utf8 ? character_octets(text) : 1);
    text.remove_prefix(character.size());
    const bool shown = may_be_shown(character) && (utf8 || character[0] <= '~');
    if (clean.size() + (shown ? character.size() : 1) > octets_max) break;
    if (shown) {
      clean += character;
    } else {
      clean += '?';
    }
  }
  return clean;
}

}  // namespace fermo::pop3::client
