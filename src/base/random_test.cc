#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

namespace fermo {
namespace {

TEST(Random, FillsAllThatItIsGivenAndNothingMore) {
  // Longer than the 256 octets that getrandom(2) gives in one piece for sure.
  std::vector<std::byte> octets(10'000, std::byte{0});
  fill_random(std::span(octets).subspan(1, octets.size() - 2));
  EXPECT_EQ(octets.front(), std::byte{0});
  EXPECT_EQ(octets.back(), std::byte{0});
  // 64 zeros in a row are not seen in the lifetime of the universe.
  const std::vector<std::byte> zeros(64, std::byte{0});
  EXPECT_EQ(std::search(octets.begin(), octets.end(), zeros.begin(), zeros.end()), octets.end());
}

TEST(Random, FillsNothingWhenGivenNothing) {
  std::byte octet{7};
  fill_random(std::span(&octet, 0));
  EXPECT_EQ(octet, std::byte{7});
}

TEST(Random, GivesNumbersThatDifferAndUseEveryBit) {
  std::set<std::uint64_t> numbers;
  std::uint64_t ones = 0;
  std::uint64_t zeros = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t number = random_u64();
    numbers.insert(number);
    ones |= number;
    zeros |= ~number;
  }
  EXPECT_EQ(numbers.size(), 1000u);
  EXPECT_EQ(ones, ~std::uint64_t{0});
  EXPECT_EQ(zeros, ~std::uint64_t{0});
}

}  // namespace
}  // namespace fermo
