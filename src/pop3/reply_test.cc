#include "pop3/reply.h"

#include <gtest/gtest.h>

namespace fermo::pop3 {
namespace {

TEST(Reply, EndsInCrLf) {
  EXPECT_EQ(ok(), "+OK\r\n");
  EXPECT_EQ(ok("2 messages"), "+OK 2 messages\r\n");
  EXPECT_EQ(err("no such message"), "-ERR no such message\r\n");
}

TEST(Reply, PutsAResponseCodeInBrackets) {
  EXPECT_EQ(err("SYS/TEMP", "try again"), "-ERR [SYS/TEMP] try again\r\n");
  EXPECT_EQ(err("", "no code"), "-ERR no code\r\n");
}

TEST(Reply, KeepsTheSpaceOfAnEmptyChallenge) {
  EXPECT_EQ(empty_challenge(), "+ \r\n");
}

TEST(Reply, CountsMessagesAndOctets) {
  EXPECT_EQ(counted({.messages = 2, .octets = {320}}), "2 messages (320 octets)");
  EXPECT_EQ(counted({.messages = 0, .octets = {18446744073709551615U}}), "0 messages (18446744073709551615 octets)");
}

TEST(ReplyDeathTest, RefusesTextsThatWouldBreakTheReply) {
  EXPECT_DEATH(ok("two\r\nlines"), "text");
  EXPECT_DEATH(err("a\nb"), "text");
  EXPECT_DEATH(err("[AUTH] by accident"), "text");
}

}  // namespace
}  // namespace fermo::pop3
