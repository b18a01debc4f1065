#include "mail/message_text.h"

#include <gtest/gtest.h>

#include <string>

namespace fermo::mail {
namespace {

struct Converted {
  std::string text;
  MessageText tells;
};

/// In pieces of every size.
Converted convert(std::string_view content, std::size_t piece) {
  Converted converted;
  for (std::size_t at = 0; at < content.size(); at += piece)
    converted.tells.convert(content.substr(at, piece), converted.text);
  converted.tells.finish(converted.text);
  return converted;
}

TEST(MessageText, EndsEveryLineInCrlfAndLeavesNoOther) {
  for (std::size_t piece = 1; piece < 9; ++piece) {
    EXPECT_EQ(convert("a\r\nb\nc\r\rd\r\n\n\r\n.\r\ne", piece).text, "a\r\nb\r\nc  d\r\n\r\n\r\n.\r\ne\r\n") << piece;
    EXPECT_EQ(convert("a\r", piece).text, "a \r\n") << piece;
    EXPECT_EQ(convert("", piece).text, "") << piece;
  }
}

TEST(MessageText, TellsOctetsLongestLineAndEightBit) {
  const auto plain = convert("123\r\n12345\r\n1", 2);
  EXPECT_EQ(plain.tells.octets(), plain.text.size());
  EXPECT_EQ(plain.tells.line_octets_max(), 5u);
  EXPECT_FALSE(plain.tells.eight_bit());
  EXPECT_TRUE(convert("\xe4\r\n", 1).tells.eight_bit());
}

TEST(DotStuffing, DoublesDotsThatBeginLines) {
  const std::string_view text = ".\r\na.\r\n..b\r\n.";
  for (std::size_t piece = 1; piece < 9; ++piece) {
    DotStuffing stuffing;
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += piece) stuffing.stuff(text.substr(at, piece), out);
    EXPECT_EQ(out, "..\r\na.\r\n...b\r\n..") << piece;
  }
}

}  // namespace
}  // namespace fermo::mail
