#include "pop3/command.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace fermo::pop3 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto largest = std::numeric_limits<std::uint64_t>::max();

TEST(ParseCommand, KnowsEveryKeywordInAnyCase) {
  const std::vector<std::pair<std::string, Verb>> all = {
      {"AUTH", Verb::auth}, {"CAPA", Verb::capa}, {"DELE", Verb::dele}, {"LIST", Verb::list}, {"NOOP", Verb::noop},
      {"PASS", Verb::pass}, {"QUIT", Verb::quit}, {"RETR", Verb::retr}, {"RSET", Verb::rset}, {"STAT", Verb::stat},
      {"STLS", Verb::stls}, {"TOP", Verb::top},   {"UIDL", Verb::uidl}, {"USER", Verb::user}};
  for (auto [name, verb] : all) {
    EXPECT_EQ(parse_command(name).verb, verb) << name;
    for (char& c : name) c = static_cast<char>(c | 0x20);
    EXPECT_EQ(parse_command(name).verb, verb) << name;
    name[0] = static_cast<char>(name[0] & ~0x20);
    EXPECT_EQ(parse_command(name).verb, verb) << name;
  }
}

TEST(ParseCommand, TakesNothingElseForAKeyword) {
  for (const char* line :
       {"", " ", " QUIT", "QUI", "QUITX", "QUIT\t", "QUIT\r", "TOP1", "XTND XMIT", "GET / HTTP/1.1"}) {
    EXPECT_EQ(parse_command(line).verb, Verb::unknown) << line;
  }
}

TEST(ParseCommand, LeavesTheArgumentAsItIs) {
  EXPECT_EQ(parse_command("PASS  two  spaces ").argument, " two  spaces ");
  EXPECT_EQ(parse_command("PASS\ttab").verb, Verb::unknown);
  EXPECT_EQ(parse_command("PASS ").argument, "");
  EXPECT_EQ(parse_command("PASS").argument, "");
  EXPECT_EQ(parse_command("PASS p\xC3\xA4ss").argument, "p\xC3\xA4ss");
}

TEST(SplitWords, CutsAtSpacesOnly) {
  EXPECT_THAT(split_words(""), IsEmpty());
  EXPECT_THAT(split_words("   "), IsEmpty());
  EXPECT_THAT(split_words("1"), ElementsAre("1"));
  EXPECT_THAT(split_words(" 1  2 "), ElementsAre("1", "2"));
  EXPECT_THAT(split_words("1\t2"), ElementsAre("1\t2"));
}

TEST(ParseNumber, TakesDigitsAndNothingElse) {
  EXPECT_EQ(parse_number("0"), 0U);
  EXPECT_EQ(parse_number("1"), 1U);
  EXPECT_EQ(parse_number("0007"), 7U);
  EXPECT_EQ(parse_number("99999999"), 99999999U);
  for (const char* text : {"", "+1", "-1", "1.0", "1e3", "0x1", " 1", "1 ", "1a", "a", "\xD9\xA1"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

TEST(ParseNumber, StopsAtTheLargestInsteadOfWrapping) {
  EXPECT_EQ(parse_number("18446744073709551614"), largest - 1);
  EXPECT_EQ(parse_number("18446744073709551615"), largest);
  EXPECT_EQ(parse_number("18446744073709551616"), largest);
  EXPECT_EQ(parse_number("18446744073709551617"), largest);
  EXPECT_EQ(parse_number(std::string(900, '9')), largest);
  EXPECT_EQ(parse_number("4294967297"), 4294967297U);
  EXPECT_EQ(parse_number(std::string(900, '0') + "1"), 1U);
  EXPECT_EQ(parse_number(std::string(30, '9') + "x"), std::nullopt);
}

}  // namespace
}  // namespace fermo::pop3
