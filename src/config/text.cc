#include "config/text.h"

#include <array>
#include <cstddef>

#include "mail/utf8.h"

namespace fermo::config {
namespace {

constexpr std::size_t quoted_octets_max = 80;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}
bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

std::string hexadecimal(char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto octet = static_cast<unsigned char>(c);
  return {digits[octet >> 4], digits[octet & 0xF]};
}

/// C1 controls (U+0080 to U+009F) are taken for octets that have to be escaped: terminals obey them.
bool is_harmless_utf8(std::string_view text) {
  if (!mail::is_utf8(text)) return false;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\xC2' && static_cast<unsigned char>(text[i + 1]) < 0xA0) return false;
  }
  return true;
}

}  // namespace

std::string printable(std::string_view text) {
  const bool keep_utf8 = is_harmless_utf8(text);
  std::string shown;
  for (const char c : text) {
    if (is_control(c) || (!is_ascii(c) && !keep_utf8)) {
      shown += "\\x" + hexadecimal(c);
    } else {
      shown += c;
    }
  }
  return shown;
}

std::string in_quotes(std::string_view text) {
  const bool cut = text.size() > quoted_octets_max;
  return "\"" + printable(text.substr(0, quoted_octets_max)) + (cut ? "…\"" : "\"");
}

std::string toml_string(std::string_view text) {
  const bool utf8 = mail::is_utf8(text);
  std::string written = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      written.append("\\").push_back(c);
    } else if (is_control(c)) {
      written += "\\u00" + hexadecimal(c);
    } else if (!is_ascii(c) && !utf8) {
      written += "\\uFFFD";
    } else {
      written += c;
    }
  }
  return written + "\"";
}

}  // namespace fermo::config
