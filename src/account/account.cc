#include "account/account.h"

#include <algorithm>

#include "base/limits.h"
#include "mail/utf8.h"

namespace fermo::account {
namespace {

/// C1 controls (U+0080 to U+009F) are refused too: a terminal that shows a log obeys them like ESC.
bool holds_c1_control(std::string_view name) {
  for (std::size_t at = name.find('\xC2'); at != std::string_view::npos; at = name.find('\xC2', at + 1)) {
    if (at + 1 < name.size() && static_cast<unsigned char>(name[at + 1]) < 0xA0) return true;
  }
  return false;
}

bool is_forbidden(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet <= 0x20 || octet == 0x7F || c == ':';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::optional<std::string> canonical_name(std::string_view name) {
  if (name.empty() || name.size() > limits::drop_id_octets_max || name.front() == '#') return std::nullopt;
  if (std::ranges::any_of(name, is_forbidden) || !mail::is_utf8(name) || holds_c1_control(name)) return std::nullopt;
  std::string canonical(name);
  std::ranges::transform(canonical, canonical.begin(), lower);
  return canonical;
}

std::optional<Account> account_named(std::string_view canonical) {
  auto drop = DropId::from(canonical);
  if (!drop) return std::nullopt;
  return Account{std::string(canonical), std::move(*drop)};
}

}  // namespace fermo::account
