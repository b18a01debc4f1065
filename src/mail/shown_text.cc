#include "mail/shown_text.h"

#include "mail/utf8.h"

namespace fermo::mail {
namespace {

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

std::string shown_text(std::string_view text, std::size_t octets_max) {
  const bool utf8 = is_utf8(text);
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

}  // namespace fermo::mail
