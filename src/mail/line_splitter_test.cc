#include "mail/line_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace fermo::mail {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

std::string told(const LineSplitter::Outcome& outcome) {
  if (std::holds_alternative<LineSplitter::TooLong>(outcome)) return "(too long)";
  const auto* line = std::get_if<LineSplitter::Line>(&outcome);
  if (line == nullptr) return "(need more)";
  return std::string(line->text) + (line->ended_by_bare_lf ? "(LF)" : "(CRLF)");
}

/// Every outcome until more is needed.
std::vector<std::string> outcomes(LineSplitter& lines) {
  std::vector<std::string> all;
  while (true) {
    const auto outcome = lines.next();
    if (std::holds_alternative<LineSplitter::NeedMore>(outcome)) return all;
    all.push_back(told(outcome));
  }
}

std::vector<std::string> outcomes_of(LineSplitter& lines, std::string_view octets) {
  lines.receive(octets);
  return outcomes(lines);
}

TEST(LineSplitter, GivesLinesWithoutTheirEnds) {
  LineSplitter lines(100);
  EXPECT_THAT(outcomes_of(lines, "USER anna\r\nPASS  x y \r\n\r\nSTAT\n\n"),
              ElementsAre("USER anna(CRLF)", "PASS  x y (CRLF)", "(CRLF)", "STAT(LF)", "(LF)"));
  EXPECT_TRUE(lines.empty());
}

TEST(LineSplitter, RemovesOneCrOnlyAndKeepsEveryOther) {
  LineSplitter lines(100);
  EXPECT_THAT(outcomes_of(lines, "a\r\r\n\r\r\nb\rc\n\rd\r\n"),
              ElementsAre("a\r(CRLF)", "\r(CRLF)", "b\rc(LF)", "\rd(CRLF)"));
}

TEST(LineSplitter, PassesNulAndEightBitOctets) {
  LineSplitter lines(100);
  EXPECT_THAT(outcomes_of(lines, "a\0b\xff\r\n"s), ElementsAre("a\0b\xff(CRLF)"s));
}

TEST(LineSplitter, WaitsForTheEndOfALine) {
  LineSplitter lines(100);
  EXPECT_THAT(outcomes(lines), IsEmpty());
  EXPECT_TRUE(lines.empty());
  EXPECT_THAT(outcomes_of(lines, "NO"), IsEmpty());
  EXPECT_THAT(outcomes_of(lines, "OP\r"), IsEmpty());
  EXPECT_FALSE(lines.empty());
  EXPECT_THAT(outcomes_of(lines, "\nQU"), ElementsAre("NOOP(CRLF)"));
  EXPECT_FALSE(lines.empty());
  EXPECT_THAT(outcomes_of(lines, "IT\r\n"), ElementsAre("QUIT(CRLF)"));
  EXPECT_TRUE(lines.empty());
}

TEST(LineSplitter, CountsTheLimitWithoutTheLineEnd) {
  LineSplitter lines(4);
  EXPECT_THAT(outcomes_of(lines, "1234\r\n1234\n12345\r\n12345\n123\r\r\n1234\r\r\n"),
              ElementsAre("1234(CRLF)", "1234(LF)", "(too long)", "(too long)", "123\r(CRLF)", "(too long)"));
}

TEST(LineSplitter, ReportsAnOverLongLineOnceWhenItEnds) {
  LineSplitter lines(4);
  EXPECT_THAT(outcomes_of(lines, "12345678"), IsEmpty());
  EXPECT_EQ(lines.dropped_octets(), 8u);
  EXPECT_FALSE(lines.empty()) << "half a line has been received";
  EXPECT_THAT(outcomes_of(lines, "1234"), IsEmpty());
  EXPECT_EQ(lines.dropped_octets(), 12u);
  EXPECT_THAT(outcomes_of(lines, "9\r\nSTAT\r\n"), ElementsAre("(too long)", "STAT(CRLF)"));
  EXPECT_EQ(lines.dropped_octets(), 0u);
  EXPECT_TRUE(lines.empty());
}

TEST(LineSplitter, HoldsNoMoreThanALineAndOneReceivedPiece) {
  LineSplitter lines(1000);
  const std::string piece(512, 'x');
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_THAT(outcomes_of(lines, piece), IsEmpty());
    ASSERT_LE(lines.peek().size(), 1001u);
  }
  EXPECT_EQ(lines.dropped_octets(), 5'120'000u);
  EXPECT_THAT(outcomes_of(lines, "\n"), ElementsAre("(too long)"));
}

TEST(LineSplitter, TakesALimitThatChangesBetweenLines) {
  LineSplitter lines(4);
  lines.receive("AUTH\r\n1234567890\r\n1234567890\r\n");
  EXPECT_EQ(told(lines.next()), "AUTH(CRLF)");
  lines.set_line_octets_max(10);
  EXPECT_EQ(told(lines.next()), "1234567890(CRLF)");
  lines.set_line_octets_max(4);
  EXPECT_EQ(told(lines.next()), "(too long)");
}

TEST(LineSplitter, GivesOutWhatIsBufferedWithoutLookingForLineEnds) {
  LineSplitter lines(100);
  lines.receive("BDAT 5\r\na\nb\r\nQUIT\r\nx");
  EXPECT_EQ(told(lines.next()), "BDAT 5(CRLF)");
  EXPECT_EQ(lines.peek(), "a\nb\r\nQUIT\r\nx");
  EXPECT_EQ(lines.take(2), "a\n");
  EXPECT_EQ(lines.take(3), "b\r\n");
  EXPECT_EQ(lines.take(0), "");
  EXPECT_THAT(outcomes(lines), ElementsAre("QUIT(CRLF)"));
  EXPECT_EQ(lines.take(100), "x");
  EXPECT_TRUE(lines.empty());
  EXPECT_EQ(lines.take(100), "");
}

TEST(LineSplitter, FindsTheLineEndAfterATakeFromALineThatWasLookedThrough) {
  LineSplitter lines(100);
  EXPECT_THAT(outcomes_of(lines, "abcdef"), IsEmpty());
  EXPECT_EQ(lines.take(4), "abcd");
  EXPECT_THAT(outcomes_of(lines, "\r\nNOOP\r\n"), ElementsAre("ef(CRLF)", "NOOP(CRLF)"));
}

TEST(LineSplitter, ForgetsEverythingWhenCleared) {
  LineSplitter lines(10);
  EXPECT_THAT(outcomes_of(lines, "PASS an over-long secret"), IsEmpty());
  lines.clear();
  EXPECT_TRUE(lines.empty());
  EXPECT_EQ(lines.dropped_octets(), 0u);
  EXPECT_THAT(outcomes_of(lines, "STAT\r\n"), ElementsAre("STAT(CRLF)"));
}

TEST(LineSplitter, WipesConsumedOctetsWhenCleared) {
  LineSplitter lines(1000);
  lines.receive("PASS correct horse battery staple, and long enough not to be kept inside the object\r\n");
  const auto line = std::get<LineSplitter::Line>(lines.next());
  const char* where = line.text.data();
  const std::size_t octets = line.text.size();
  lines.clear();
  // The memory is still the buffer's own: it is emptied, not given back.
  EXPECT_TRUE(std::all_of(where, where + octets, [](char c) { return c == '\0'; }));
}

/// What the splitter promises, in the plainest words.
std::vector<std::string> reference(std::string_view octets, std::size_t line_octets_max) {
  std::vector<std::string> lines;
  std::string line;
  for (const char c : octets) {
    if (c != '\n') {
      line.push_back(c);
      continue;
    }
    const bool crlf = line.ends_with('\r');
    if (crlf) line.pop_back();
    lines.push_back(line.size() > line_octets_max ? "(too long)" : line + (crlf ? "(CRLF)" : "(LF)"));
    line.clear();
  }
  return lines;
}

TEST(LineSplitter, GivesTheSameLinesHoweverTheInputIsCut) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string octets;
    for (std::size_t length = random() % 60; length > 0; --length) octets.push_back("ab\r\n\n"[random() % 5]);
    const std::size_t limit = random() % 8;
    LineSplitter lines(limit);
    std::vector<std::string> got;
    for (std::size_t at = 0; at < octets.size();) {
      const std::size_t piece = 1 + random() % 9;
      lines.receive(std::string_view(octets).substr(at, piece));
      at += piece;
      if (random() % 4 == 0) continue;  // a driver may receive twice before it asks
      for (const auto& outcome : outcomes(lines)) got.push_back(outcome);
    }
    for (const auto& outcome : outcomes(lines)) got.push_back(outcome);
    ASSERT_EQ(got, reference(octets, limit)) << testing::PrintToString(octets);
  }
}

}  // namespace
}  // namespace fermo::mail
