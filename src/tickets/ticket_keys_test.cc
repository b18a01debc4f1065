#include "tickets/ticket_keys.h"

#include <gtest/gtest.h>

namespace fermo::tickets {
namespace {

using namespace std::chrono_literals;

class TicketKeysTest : public testing::Test {
 protected:
  TicketKeys keys_{12h};
  const TicketKeys::Clock::time_point start_ = TicketKeys::Clock::time_point(1000h);
};

TEST_F(TicketKeysTest, KeepsOneKeyForItsLifetime) {
  const auto first = keys_.current(start_);
  EXPECT_EQ(keys_.current(start_ + 11h).name, first.name);
  EXPECT_EQ(keys_.current(start_ + 11h).cipher, first.cipher);
  const auto found = keys_.find(first.name, start_ + 11h);
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->current);
}

TEST_F(TicketKeysTest, RenewsTheKeyAndStillOpensOldTickets) {
  const auto first = keys_.current(start_);
  const auto second = keys_.current(start_ + 12h);
  EXPECT_NE(second.name, first.name);
  EXPECT_NE(second.cipher, first.cipher);
  EXPECT_NE(second.mac, first.mac);
  const auto found = keys_.find(first.name, start_ + 23h);
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->current);
  EXPECT_EQ(found->key.cipher, first.cipher);
}

TEST_F(TicketKeysTest, ForgetsAKeyAfterTwoLifetimes) {
  const auto first = keys_.current(start_);
  keys_.current(start_ + 12h);
  EXPECT_FALSE(keys_.find(first.name, start_ + 24h).has_value());
}

TEST_F(TicketKeysTest, ForgetsAKeyAfterALongSilenceToo) {
  const auto first = keys_.current(start_);
  EXPECT_FALSE(keys_.find(first.name, start_ + 100h).has_value());
}

TEST_F(TicketKeysTest, DoesNotKnowAKeyItNeverMade) {
  keys_.current(start_);
  EXPECT_FALSE(keys_.find(TicketKey::Name{}, start_).has_value());
}

TEST_F(TicketKeysTest, TellsWhichKeysAreGoodAndForHowLong) {
  const auto first = keys_.all(start_);
  EXPECT_EQ(first.current, keys_.current(start_));
  EXPECT_FALSE(first.previous.has_value());
  EXPECT_EQ(first.time_left, 12h);
  const auto later = keys_.all(start_ + 13h);
  EXPECT_NE(later.current, first.current);
  EXPECT_EQ(later.previous, first.current);
  EXPECT_EQ(later.time_left, 12h);
  EXPECT_EQ(keys_.all(start_ + 14h).time_left, 11h);
}

}  // namespace
}  // namespace fermo::tickets
