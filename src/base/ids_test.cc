#include "base/ids.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <unordered_set>

#include "base/limits.h"

namespace fermo {
namespace {

TEST(MessageNumber, CountsFromOne) {
  EXPECT_FALSE(MessageNumber::from(0));
  EXPECT_EQ(MessageNumber::from(1)->value(), 1u);
  EXPECT_EQ(MessageNumber::from(1)->index(), 0u);
  EXPECT_EQ(MessageNumber::at_index(0).value(), 1u);
  EXPECT_EQ(MessageNumber::at_index(41), *MessageNumber::from(42));
}

TEST(MessageNumber, HoldsTheLargestNumber) {
  constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(MessageNumber::from(largest)->value(), largest);
  EXPECT_EQ(MessageNumber::from(largest)->index(), largest - 1);
}

TEST(MessageNumber, IsOrderedByItsValue) {
  EXPECT_LT(*MessageNumber::from(9), *MessageNumber::from(10));
  EXPECT_EQ(*MessageNumber::from(7), *MessageNumber::from(7));
}

TEST(DropId, TakesAnyTextUpToItsLimit) {
  EXPECT_EQ(DropId::from("anna@example.org")->text(), "anna@example.org");
  EXPECT_EQ(DropId::from("../etc/passwd")->text(), "../etc/passwd");
  EXPECT_TRUE(DropId::from("j\xc3\xb6rg and anna"));
  EXPECT_TRUE(DropId::from(std::string(limits::drop_id_octets_max, 'x')));
}

TEST(DropId, RefusesNothingTooMuchAndControlCharacters) {
  EXPECT_FALSE(DropId::from(""));
  EXPECT_FALSE(DropId::from(std::string(limits::drop_id_octets_max + 1, 'x')));
  for (int octet = 0; octet < 256; ++octet) {
    const bool control = octet < 0x20 || octet == 0x7f;
    EXPECT_EQ(DropId::from(std::string("a") + static_cast<char>(octet)).has_value(), !control) << octet;
  }
}

TEST(DropId, IsComparedOctetByOctet) {
  EXPECT_NE(*DropId::from("Anna"), *DropId::from("anna"));
  EXPECT_LT(*DropId::from("a"), *DropId::from("aa"));
  const std::unordered_set<DropId> ids = {*DropId::from("a"), *DropId::from("b"), *DropId::from("a")};
  EXPECT_EQ(ids.size(), 2u);
}

}  // namespace
}  // namespace fermo
