#include "mail/header_field.h"

#include <gtest/gtest.h>

namespace fermo::mail {
namespace {

constexpr std::string_view head =
    "Received: from a\r\n\tby b;\r\n Mon, 2 Jan 2034\r\nMESSAGE-ID :  <1@x> \nSubject:\r\nReceived: "
    "second\r\n\r\nDate: in "
    "the body\r\n";

TEST(HeaderField, GivesTheFirstOfThatNameUnfolded) {
  EXPECT_EQ(header_field(head, "received"), "from a\tby b; Mon, 2 Jan 2034");
  EXPECT_EQ(header_field(head, "Message-ID"), "<1@x>");
  EXPECT_EQ(header_field(head, "Subject"), "");
}

TEST(HeaderField, EndsWithTheHeader) {
  EXPECT_EQ(header_field(head, "Date"), std::nullopt);
  EXPECT_EQ(header_field("", "Date"), std::nullopt);
  EXPECT_EQ(header_field("Dat", "Date"), std::nullopt);
  EXPECT_EQ(header_field("Date: now", "Date"), "now");
}

}  // namespace
}  // namespace fermo::mail
