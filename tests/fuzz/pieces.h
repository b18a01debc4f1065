#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace fermo::fuzz {

/// How many octets of `rest` arrive together, never more than what is left of a line. An input of `octets` in all comes
/// octet by octet when that is divisible by four: that takes ten times as long as anything else, and one in four misses
/// nothing that the four would have found.
inline std::size_t piece_within_line(std::string_view rest, std::size_t octets) {
  if (octets % 4 == 0) return 1;
  const std::size_t line = std::min(rest.find('\n'), rest.size() - 1) + 1;
  return std::min(line, rest.size() * 31 % 23 + 1);
}

}  // namespace fermo::fuzz
