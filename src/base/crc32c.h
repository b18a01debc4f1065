#pragma once

#include <cstdint>
#include <string_view>

namespace fermo {

/// CRC-32C (Castagnoli; RFC 3720 §12.1), going on from `crc`, the value for what came before.
std::uint32_t crc32c(std::string_view octets, std::uint32_t crc = 0);

}  // namespace fermo
