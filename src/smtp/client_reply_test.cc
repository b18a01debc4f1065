#include "smtp/client_reply.h"

#include <gtest/gtest.h>

namespace fermo::smtp::client {
namespace {

std::string status_of(std::uint16_t code, std::string_view text) {
  const std::string status = take_status(code, text);
  return status + "|" + std::string(text);
}

TEST(ReplyLine, HasACodeAndTellsWhetherItIsTheLast) {
  const auto last = parse_reply_line("250 2.0.0 queued");
  ASSERT_TRUE(last);
  EXPECT_EQ(last->code, 250);
  EXPECT_TRUE(last->last);
  EXPECT_EQ(last->text, "2.0.0 queued");
  EXPECT_FALSE(parse_reply_line("250-PIPELINING")->last);
  EXPECT_TRUE(parse_reply_line("354")->last);
}

TEST(ReplyLine, IsNotAnythingElse) {
  for (const char* line : {"", "25", "250_ok", "2500 ok", "199 ok", "600 ok", "+OK", " 250 ok", "2x0 ok"}) {
    EXPECT_FALSE(parse_reply_line(line)) << line;
  }
}

TEST(EnhancedStatus, IsTakenWhereItFitsTheCode) {
  EXPECT_EQ(status_of(550, "5.1.1 no such user"), "5.1.1|no such user");
  EXPECT_EQ(status_of(452, "4.2.2"), "4.2.2|");
  EXPECT_EQ(status_of(250, "2.1.15 ok"), "2.1.15|ok");
}

TEST(EnhancedStatus, IsNoPartOfTheWords) {
  for (const char* text : {"4.1.1 other class", "5.1 short", "5.1.1.1 long", "5.1.1000 large", "5..1 empty",
                           "5.1.1x glued", "no such user", ""}) {
    EXPECT_EQ(status_of(550, text), "|" + std::string(text));
  }
}

TEST(Extensions, AreReadWithoutRegardToCase) {
  Extensions extensions;
  for (const char* line :
       {"pipelining", "SIZE 35882577", "8bitmime", "StartTLS", "AUTH plain  LOGIN", "AUTH=LOGIN", "XODD"}) {
    extensions.take_line(line);
  }
  EXPECT_TRUE(extensions.pipelining && extensions.size && extensions.eight_bit_mime && extensions.starttls);
  EXPECT_FALSE(extensions.chunking || extensions.binary_mime || extensions.smtputf8);
  EXPECT_EQ(extensions.auth, (std::vector<std::string>{"PLAIN", "LOGIN"}));
}

}  // namespace
}  // namespace fermo::smtp::client
