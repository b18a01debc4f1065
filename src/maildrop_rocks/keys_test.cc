#include "maildrop_rocks/keys.h"

#include <gtest/gtest.h>

namespace fermo::rocks {
namespace {

using mail::ArrivalId;

TEST(Keys, SortAsTheirNumbersDo) {
  EXPECT_LT(index_key(1, {255, 0}), index_key(1, {256, 0}));
  EXPECT_LT(index_key(1, {5, 0xffffffff}), index_key(1, {6, 0}));
  EXPECT_LT(index_key(255, {~0ULL, ~0U}), index_key(256, {0, 0}));
  EXPECT_LT(chunk_key({1, 2}, 255), chunk_key({1, 2}, 256));
  EXPECT_LT(chunk_key({1, 2}, ~0U), chunk_key({1, 3}, 0));
}

TEST(Keys, GiveBackTheArrival) {
  const ArrivalId arrival{0x0102030405060708, 0x090a0b0c};
  EXPECT_EQ(arrival_of(index_key(7, arrival)), arrival);
  EXPECT_EQ(arrival_of(drop_prefix(7)), std::nullopt);
  EXPECT_EQ(arrival_of(index_key(7, arrival) + "x"), std::nullopt);
}

TEST(Keys, NumbersAreTakenOffTheFrontOrNotAtAll) {
  std::string text;
  append_u64(text, 0x1122334455667788);
  append_u32(text, 0x99aabbcc);
  std::string_view rest = text;
  EXPECT_EQ(take_u64(rest), 0x1122334455667788u);
  EXPECT_EQ(take_u32(rest), 0x99aabbccu);
  EXPECT_EQ(take_u32(rest), std::nullopt);
  rest = std::string_view(text).substr(0, 7);
  EXPECT_EQ(take_u64(rest), std::nullopt);
  EXPECT_EQ(rest.size(), 7u);
}

TEST(Keys, AfterPrefixComesAfterEveryKeyWithIt) {
  EXPECT_EQ(after_prefix("ab"), "ac");
  EXPECT_EQ(after_prefix("a\xff\xff"), "b");
  EXPECT_EQ(after_prefix("\xff\xff"), "");
  EXPECT_EQ(after_prefix(""), "");
  EXPECT_GT(after_prefix(drop_prefix(255)), index_key(255, {~0ULL, ~0U}));
  EXPECT_LE(after_prefix(drop_prefix(255)), index_key(256, {0, 0}));
}

}  // namespace
}  // namespace fermo::rocks
