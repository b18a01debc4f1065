#include "smtp/command.h"

#include <gtest/gtest.h>

namespace fermo::smtp {
namespace {

TEST(Command, IsAVerbAndAnArgument) {
  const Command command = parse_command("MAIL FROM:<a@b.example> SIZE=1");
  EXPECT_EQ(command.verb, Verb::mail);
  EXPECT_EQ(command.argument, "FROM:<a@b.example> SIZE=1");
}

TEST(Command, IsKnownInAnyCase) {
  EXPECT_EQ(parse_command("lhlo x").verb, Verb::lhlo);
  EXPECT_EQ(parse_command("QuIt").verb, Verb::quit);
}

TEST(Command, KnowsEachVerb) {
  EXPECT_EQ(parse_command("HELO").verb, Verb::helo);
  EXPECT_EQ(parse_command("EHLO").verb, Verb::helo);
  EXPECT_EQ(parse_command("RCPT").verb, Verb::rcpt);
  EXPECT_EQ(parse_command("DATA").verb, Verb::data);
  EXPECT_EQ(parse_command("BDAT").verb, Verb::bdat);
  EXPECT_EQ(parse_command("RSET").verb, Verb::rset);
  EXPECT_EQ(parse_command("NOOP").verb, Verb::noop);
  EXPECT_EQ(parse_command("VRFY").verb, Verb::vrfy);
  EXPECT_EQ(parse_command("HELP").verb, Verb::help);
}

TEST(Command, IsUnknownOtherwise) {
  for (const auto* line : {"", " ", " NOOP", "NOO", "NOOPS", "NOOP\tx", "STARTTLS", "\xC5\x93"}) {
    EXPECT_EQ(parse_command(line).verb, Verb::unknown) << line;
  }
}

TEST(Command, LosesTrailingWhiteSpaceOnly) {
  EXPECT_EQ(parse_command("NOOP  a b \t ").argument, " a b");
  EXPECT_EQ(parse_command("DATA ").argument, "");
}

TEST(Command, ControlCharactersAreSeenButForTrailingTabs) {
  EXPECT_FALSE(has_control_character("NOOP\t \t"));
  EXPECT_TRUE(has_control_character("NOOP\ta"));
  EXPECT_TRUE(has_control_character("NOOP\r"));
  EXPECT_TRUE(has_control_character(std::string_view("NOOP\0", 5)));
  EXPECT_TRUE(has_control_character("NOOP\x7F"));
  EXPECT_FALSE(has_control_character("NOOP \xC3\xBC"));
}

TEST(Command, CaseIsIgnoredForAsciiLettersOnly) {
  EXPECT_TRUE(equal_ignoring_case("Size-8", "sIZE-8"));
  EXPECT_FALSE(equal_ignoring_case("size", "sizes"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
  EXPECT_FALSE(equal_ignoring_case("\xC4", "\xE4"));
}

TEST(Decimal, IsDigitsThat64BitsHold) {
  EXPECT_EQ(parse_decimal("0"), 0U);
  EXPECT_EQ(parse_decimal("007"), 7U);
  EXPECT_EQ(parse_decimal("18446744073709551615"), 18446744073709551615U);
}

TEST(Decimal, IsNothingElse) {
  for (const auto* text :
       {"", "-1", "+1", " 1", "1 ", "0x1", "1e3", "18446744073709551616", "99999999999999999999999"}) {
    EXPECT_EQ(parse_decimal(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace fermo::smtp
