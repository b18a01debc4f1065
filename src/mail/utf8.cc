#include "mail/utf8.h"

#include <algorithm>
#include <cstddef>

namespace fermo::mail {
namespace {

/// One row of RFC 3629 §4: the leading octets it is about, the range of the second octet, and the octets in all.
struct Sequence {
  unsigned char lead_first, lead_last, second_first, second_last;
  std::size_t octets;
};

constexpr Sequence sequences[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
    {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

bool within(char c, unsigned char first, unsigned char last) {
  const auto octet = static_cast<unsigned char>(c);
  return first <= octet && octet <= last;
}

/// Octets of the character that `text` begins with; 0 when that is not well-formed.
std::size_t character_octets(std::string_view text) {
  if (within(text[0], 0x00, 0x7f)) return 1;
  for (const Sequence& sequence : sequences) {
    if (!within(text[0], sequence.lead_first, sequence.lead_last)) continue;
    if (text.size() < sequence.octets || !within(text[1], sequence.second_first, sequence.second_last)) return 0;
    const auto tail = text.substr(2, sequence.octets - 2);
    return std::ranges::all_of(tail, [](char c) { return within(c, 0x80, 0xbf); }) ? sequence.octets : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t octets = character_octets(text);
    if (octets == 0) return false;
    text.remove_prefix(octets);
  }
  return true;
}

}  // namespace fermo::mail
