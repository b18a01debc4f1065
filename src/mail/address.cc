#include "mail/address.h"

#include <arpa/inet.h>
#include <strings.h>  // strncasecmp

#include <algorithm>

#include "base/limits.h"
#include "mail/utf8.h"

namespace fermo::mail {
namespace {

/// RFC 1035 §2.3.4.
constexpr std::size_t domain_octets_max = 255;
constexpr std::size_t label_octets_max = 63;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Beyond ASCII; parse_address has made sure that it is part of well-formed UTF-8 that was asked for.
bool is_utf8_octet(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

/// C0, DEL and, in UTF-8, C1 (U+0080 to U+009F).
bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    if (octet < 0x20 || octet == 0x7f) return true;
    if (octet == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

/// atext of RFC 5322 §3.2.3 with RFC 6531 §3.3.
bool is_atext(char c) {
  return is_letter_or_digit(c) || is_utf8_octet(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_dot_string(std::string_view text) {
  char before = '.';
  for (const char c : text) {
    if (c == '.' ? before == '.' : !is_atext(c)) return false;
    before = c;
  }
  return before != '.';
}

struct LocalPart {
  std::string unquoted;
  std::size_t octets;  ///< As it stood in the text, with its quotes.
};

/// Quoted-string of RFC 5321 §4.1.2; `text` begins with the quote and holds no control character.
std::optional<LocalPart> read_quoted(std::string_view text) {
  LocalPart read{};
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      read.octets = i + 1;
      return read;
    }
    const bool quoted_pair = text[i] == '\\';
    if (quoted_pair) ++i;
    if (i == text.size() || (quoted_pair && is_utf8_octet(text[i]))) return std::nullopt;
    read.unquoted.push_back(text[i]);
  }
  return std::nullopt;
}

std::optional<LocalPart> read_local_part(std::string_view text) {
  if (text.starts_with('"')) return read_quoted(text);
  const auto dot_string = text.substr(0, text.find('@'));
  if (!is_dot_string(dot_string)) return std::nullopt;
  return LocalPart{std::string(dot_string), dot_string.size()};
}

/// sub-domain of RFC 5321 §4.1.2 with RFC 6531 §3.3, and "_": hosts named with one send mail, and refusing it would
/// lose it.
bool is_sub_domain(std::string_view label) {
  const auto allowed = [](char c) { return is_letter_or_digit(c) || is_utf8_octet(c) || c == '-' || c == '_'; };
  return !label.empty() && label.size() <= label_octets_max && !label.starts_with('-') && !label.ends_with('-') &&
         std::ranges::all_of(label, allowed);
}

bool is_domain_name(std::string_view domain) {
  while (true) {
    const auto dot = domain.find('.');
    if (!is_sub_domain(domain.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

/// Of the address literals of RFC 5321 §4.1.3 only these two have ever been registered.
bool is_address_literal(std::string_view domain) {
  if (!domain.ends_with(']')) return false;
  const std::string inside(domain.substr(1, domain.size() - 2));
  constexpr std::size_t tag_octets = 5;
  in6_addr address;
  if (::strncasecmp(inside.c_str(), "IPv6:", tag_octets) != 0)
    return ::inet_pton(AF_INET, inside.c_str(), &address) == 1;
  return ::inet_pton(AF_INET6, inside.c_str() + tag_octets, &address) == 1;
}

bool is_domain(std::string_view domain) {
  if (domain.size() > domain_octets_max) return false;
  return domain.starts_with('[') ? is_address_literal(domain) : is_domain_name(domain);
}

std::string quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + '"';
}

}  // namespace

std::string Address::text() const {
  std::string text = is_dot_string(local_part) ? local_part : quoted(local_part);
  if (!domain.empty()) text.append("@").append(domain);
  return text;
}

std::optional<Address> parse_address(std::string_view text, bool utf8) {
  if (text.size() > limits::path_octets_max - 2 || has_control(text))
    return std::nullopt;  // a path has "<" and ">" too
  if (std::ranges::any_of(text, is_utf8_octet) && !(utf8 && is_utf8(text))) return std::nullopt;
  auto local_part = read_local_part(text);
  if (!local_part || local_part->unquoted.empty()) return std::nullopt;
  Address address{std::move(local_part->unquoted), {}};
  text.remove_prefix(local_part->octets);
  if (text.empty()) return address;
  if (!text.starts_with('@') || !is_domain(text.substr(1))) return std::nullopt;
  address.domain = text.substr(1);
  return address;
}

}  // namespace fermo::mail
