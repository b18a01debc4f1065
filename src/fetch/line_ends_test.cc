#include "fetch/line_ends.h"

#include <gtest/gtest.h>

#include <string>

namespace fermo::fetch {
namespace {

template <class Converter, class Call>
std::string in_pieces(std::string_view content, std::size_t piece, Call call) {
  Converter converter;
  std::string out;
  for (std::size_t at = 0; at < content.size(); at += piece) call(converter, content.substr(at, piece), out);
  converter.finish(out);
  return out;
}

std::string to_lf(std::string_view content, std::size_t piece) {
  return in_pieces<CrlfToLf>(content, piece,
                             [](CrlfToLf& c, std::string_view s, std::string& out) { c.convert(s, out); });
}
std::string quoted(std::string_view content, std::size_t piece) {
  return in_pieces<MboxQuoting>(content, piece,
                                [](MboxQuoting& c, std::string_view s, std::string& out) { c.quote(s, out); });
}

TEST(CrlfToLf, RemovesTheCrOfEveryCrlfAndNoOther) {
  const std::string content = "a\r\n\r\r\nb\rc\nd\r\n\r";
  for (std::size_t piece = 1; piece <= content.size(); ++piece) {
    EXPECT_EQ(to_lf(content, piece), "a\n\r\nb\rc\nd\n\r") << piece;
  }
}

TEST(MboxQuoting, QuotesEveryLineThatLooksLikeASeparator) {
  const std::string content = "From me\n>From\n>From you\nFro\n>>>From all\n From here\nx From\nFrom ";
  for (std::size_t piece = 1; piece <= content.size(); ++piece) {
    EXPECT_EQ(quoted(content, piece), ">From me\n>From\n>>From you\nFro\n>>>>From all\n From here\nx From\n>From \n")
        << piece;
  }
}

TEST(MboxQuoting, EndsTheLastLine) {
  EXPECT_EQ(quoted("a", 1), "a\n");
  EXPECT_EQ(quoted(">>Fro", 2), ">>Fro\n");
  EXPECT_EQ(quoted("a\n", 1), "a\n");
  EXPECT_EQ(quoted("", 1), "");
}

TEST(MboxQuoting, PassesALineOfBracketsOfAnyLength) {
  const std::string brackets(200'000, '>');
  EXPECT_EQ(quoted(brackets + "\n", 4096), brackets + "\n");
  EXPECT_EQ(quoted(brackets + "From \n", 4096), ">" + brackets + "From \n");
}

}  // namespace
}  // namespace fermo::fetch
