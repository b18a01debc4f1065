#include "mail/header_field.h"

#include <algorithm>

namespace fermo::mail {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

std::string_view take_line(std::string_view& text) {
  const auto lf = text.find('\n');
  std::string_view line = text.substr(0, lf);
  text.remove_prefix(lf == std::string_view::npos ? text.size() : lf + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool is_folded(std::string_view line) {
  return line.starts_with(' ') || line.starts_with('\t');
}

/// What stands behind "name:".
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view found = line.substr(0, colon);
  while (found.ends_with(' ') || found.ends_with('\t')) found.remove_suffix(1);
  const bool same = std::ranges::equal(found, name, {}, lower, lower);
  return same ? std::optional(line.substr(colon + 1)) : std::nullopt;
}

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

std::optional<std::string> header_field(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const auto line = take_line(head);
    if (line.empty()) return std::nullopt;
    const auto value = is_folded(line) ? std::nullopt : value_of(line, name);
    if (!value) continue;
    std::string whole(*value);
    while (is_folded(head)) whole += take_line(head);
    return trimmed(whole);
  }
  return std::nullopt;
}

}  // namespace fermo::mail
