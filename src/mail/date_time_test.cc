#include "mail/date_time.h"

#include <gtest/gtest.h>

namespace fermo::mail {
namespace {

TEST(DateTime, ReadsWhatHeadersHave) {
  const DateTime date{2034, 1, 2, 10, 4, 5, 90};
  EXPECT_EQ(parse_date_time("Mon, 2 Jan 2034 10:04:05 +0130"), date);
  EXPECT_EQ(parse_date_time("  2 JAN 2034   10:04:05 +0130 (a comment)"), date);
  EXPECT_EQ(parse_date_time("Mon,02 January 34 10:04:05 +0130"), date);
  EXPECT_EQ(parse_date_time("2 Jan 2034 10:04 -0800"), (DateTime{2034, 1, 2, 10, 4, 0, -480}));
  EXPECT_EQ(parse_date_time("Fri, 31 Dec 99 23:59:60 GMT"), (DateTime{1999, 12, 31, 23, 59, 60, 0}));
  EXPECT_EQ(parse_date_time("1 Jul 102 1:02:03 EDT"), (DateTime{2002, 7, 1, 1, 2, 3, -240}));
  EXPECT_EQ(parse_date_time("29 Feb 2028 00:00:00"), (DateTime{2028, 2, 29, 0, 0, 0, 0}));
}

TEST(DateTime, TakesNoDateThatIsNone) {
  for (const char* text :
       {"", "Mon", "Mon 2 Jan 2034 10:04:05", "2 Foo 2034 10:04:05", "30 Feb 2034 10:04:05 +0000", "2 Jan 2034",
        "2 Jan 2034 24:00:00 +0000", "2 Jan 2034 10:60 +0000", "2 Jan 2034 10:04: +0000", "2 Jan 2034 10:04:05 +9999",
        "2 Jan 2034 10:04:05 +1", "2 Jan 20345 10:04:05 +0000", "2 Jan 1 10:04:05", "0 Jan 2034 10:04:05",
        "1 Jan 1066 10:04:05", "222 Jan 2034 1:2:3"}) {
    EXPECT_EQ(parse_date_time(text), std::nullopt) << text;
  }
}

TEST(ArrivalDate, IsThatOfTheTopmostReceivedElseOfDate) {
  constexpr std::string_view received = "Received: from a; by\r\n b; 3 Jan 2034 10:00:00 +0000\r\n";
  constexpr std::string_view dated = "Date: 1 Jan 2034 10:00:00 +0000\r\n";
  EXPECT_EQ(arrival_date(std::string(received) + std::string(dated))->day, 3u);
  EXPECT_EQ(arrival_date(dated)->day, 1u);
  EXPECT_EQ(arrival_date("Received: from a\r\n" + std::string(dated))->day, 1u);
  EXPECT_EQ(arrival_date("Subject: x\r\n"), std::nullopt);
}

}  // namespace
}  // namespace fermo::mail
