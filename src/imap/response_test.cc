#include "imap/response.h"

#include <gtest/gtest.h>

namespace fermo::imap {
namespace {

using Kind = Status::Kind;

TEST(Status, HasAKindACodeAndWords) {
  const auto status = parse_status("no [TryCreate extra] no such folder");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->kind, Kind::no);
  EXPECT_EQ(status->code, "TRYCREATE");
  EXPECT_EQ(status->text, "[TryCreate extra] no such folder");
  EXPECT_EQ(parse_status("OK")->kind, Kind::ok);
  EXPECT_EQ(parse_status("OK done")->code, "");
  EXPECT_EQ(parse_status("BYE [UNAVAILABLE")->code, "UNAVAILABLE");
}

TEST(Status, IsNotAnyOtherWord) {
  for (const char* text : {"", "OKAY done", "3 EXISTS", "[OK] x"}) EXPECT_FALSE(parse_status(text)) << text;
}

TEST(Literal, IsAnnouncedAtTheEndOfALine) {
  EXPECT_EQ(literal_octets("* 2 FETCH (BODY[HEADER] {300}"), 300u);
  EXPECT_EQ(literal_octets("{0}"), 0u);
  for (const char* line : {"", "{}", "{-1}", "{1} x", "{1+}", "x}", "{99999999999999999999}"}) {
    EXPECT_EQ(literal_octets(line), std::nullopt) << line;
  }
}

TEST(Uid, IsANumberOf32BitsAndNotZero) {
  EXPECT_EQ(parse_uid("4294967295"), 4294967295u);
  for (const char* text : {"", "0", "-1", "4294967296", "1x"}) EXPECT_EQ(parse_uid(text), std::nullopt) << text;
}

TEST(Quoted, EscapesWhatWouldEndIt) {
  EXPECT_EQ(quoted("a \"b\" \\"), "\"a \\\"b\\\" \\\\\"");
  EXPECT_TRUE(is_quotable("a \"b\" \\"));
  EXPECT_FALSE(is_quotable("line\r\nLOGOUT"));
  EXPECT_FALSE(is_quotable("ä"));
}

TEST(Words, ComeInUpperCase) {
  EXPECT_EQ(words_of("IMAP4rev1  starttls "), (std::vector<std::string>{"IMAP4REV1", "STARTTLS"}));
}

}  // namespace
}  // namespace fermo::imap
