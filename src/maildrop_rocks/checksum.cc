#include "maildrop_rocks/checksum.h"

#include <array>
#include <bit>
#include <cstring>

namespace fermo::rocks {
namespace {

static_assert(std::endian::native == std::endian::little, "eight octets at once are read in this order");

constexpr std::uint32_t polynomial_reflected = 0x82f63b78;
using Table = std::array<std::array<std::uint32_t, 256>, 8>;

/// table[k][octet]: what an octet followed by k octets of zero does to the remainder.
constexpr Table make_table() {
  Table table{};
  for (std::uint32_t octet = 0; octet < 256; ++octet) {
    std::uint32_t crc = octet;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial_reflected : 0);
    table[0][octet] = crc;
  }
  for (std::size_t k = 1; k < table.size(); ++k) {
    for (std::size_t octet = 0; octet < 256; ++octet) {
      const std::uint32_t before = table[k - 1][octet];
      table[k][octet] = (before >> 8) ^ table[0][before & 0xff];
    }
  }
  return table;
}

constexpr Table table = make_table();

std::uint32_t eight_octets(const char* octets, std::uint32_t crc) {
  std::uint64_t word;
  std::memcpy(&word, octets, sizeof word);
  word ^= crc;
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < 8; ++i) next ^= table[7 - i][(word >> (8 * i)) & 0xff];
  return next;
}

}  // namespace

std::uint32_t crc32c(std::string_view octets, std::uint32_t crc) {
  crc = ~crc;
  const char* at = octets.data();
  std::size_t left = octets.size();
  for (; left >= 8; left -= 8, at += 8) crc = eight_octets(at, crc);
  for (; left > 0; --left, ++at) crc = (crc >> 8) ^ table[0][(crc ^ static_cast<unsigned char>(*at)) & 0xff];
  return ~crc;
}

}  // namespace fermo::rocks
