#include "base/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <cstddef>
#include <limits>

namespace fermo {

std::uint32_t crc32c(std::string_view octets, std::uint32_t crc) {
  // ISA-L leaves it to the caller to invert the value before and after (RFC 3720 §12.1), and counts in int.
  crc = ~crc;
  while (!octets.empty()) {
    const auto some = std::min<std::size_t>(octets.size(), std::numeric_limits<int>::max());
    // It takes what it only reads as not const.
    auto* const at = reinterpret_cast<unsigned char*>(const_cast<char*>(octets.data()));
    crc = ::crc32_iscsi(at, static_cast<int>(some), crc);
    octets.remove_prefix(some);
  }
  return ~crc;
}

}  // namespace fermo
