#include "mail/wire_message.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "mail/dot_codec.h"

namespace fermo::mail {
namespace {

using namespace std::string_literals;
using BareLf = WireEncoder::BareLf;

struct Encoded {
  std::string wire;
  WireSummary summary;
  friend bool operator==(const Encoded&, const Encoded&) = default;
  friend void PrintTo(const Encoded& encoded, std::ostream* out) {
    *out << testing::PrintToString(encoded.wire) << " octets " << encoded.summary.octets.value << " wire "
         << encoded.summary.wire_octets.value << " header " << encoded.summary.header_wire_octets.value;
  }
};

Encoded encoded_in_pieces(const std::vector<std::string_view>& pieces, BareLf bare_lf = BareLf::keep) {
  WireEncoder encoder(bare_lf);
  Encoded result;
  for (const auto piece : pieces) encoder.encode(piece, result.wire);
  result.summary = encoder.finish(result.wire);
  return result;
}

Encoded encoded(std::string_view content, BareLf bare_lf = BareLf::keep) {
  return encoded_in_pieces({content}, bare_lf);
}

WireSummary summary(std::uint64_t octets, std::uint64_t wire_octets, std::uint64_t header_wire_octets) {
  return {Octets{octets}, Octets{wire_octets}, Octets{header_wire_octets}};
}

/// The canonical form octet by octet, and the rest from its lines.
std::string canonical(std::string_view content, BareLf bare_lf) {
  std::string text;
  for (const char c : content) {
    if (c == '\n' && bare_lf == BareLf::to_crlf && !text.ends_with('\r')) text.push_back('\r');
    text.push_back(c);
  }
  if (!text.empty() && !text.ends_with("\r\n")) text += "\r\n";
  return text;
}

Encoded reference(std::string_view content, BareLf bare_lf) {
  const std::string text = canonical(content, bare_lf);
  Encoded result;
  bool header_ended = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find("\r\n", at) + 2;
    const std::string line = text.substr(at, end - at);
    at = end;
    result.wire += (line.starts_with('.') ? "." : "") + line;
    if (line == "\r\n" && !header_ended) {
      header_ended = true;
      result.summary.header_wire_octets = Octets{result.wire.size()};
    }
  }
  result.summary.octets = Octets{text.size()};
  result.summary.wire_octets = Octets{result.wire.size()};
  if (!header_ended) result.summary.header_wire_octets = result.summary.wire_octets;
  return result;
}

std::string random_text(std::mt19937& random, std::string_view octets, std::size_t octets_max) {
  std::string text;
  for (std::size_t length = random() % (octets_max + 1); length > 0; --length)
    text.push_back(octets[random() % octets.size()]);
  return text;
}

std::vector<std::string_view> cut_randomly(std::mt19937& random, std::string_view text) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    pieces.push_back(text.substr(0, random() % 6));
    text.remove_prefix(pieces.back().size());
  }
  return pieces;
}

constexpr std::string_view awkward_octets("\r\n\r\n..ab\0\xff", 10);

TEST(WireEncoder, PassesACanonicalMessageAndFindsTheEndOfItsHeader) {
  const std::string message = "Subject: x\r\nTo: y\r\n\r\nbody\r\n\r\nmore\r\n";
  EXPECT_EQ(encoded(message), (Encoded{message, summary(35, 35, 21)}));
}

TEST(WireEncoder, StuffsTheFirstOctetOfTheMessageAndOfEveryLine) {
  EXPECT_EQ(encoded(".").wire, "..\r\n");
  EXPECT_EQ(encoded(".a: b\r\n\r\n.\r\n..\r\na.\r\n"),
            (Encoded{"..a: b\r\n\r\n..\r\n...\r\na.\r\n", summary(20, 23, 10)}));
}

TEST(WireEncoder, GivesNothingForAnEmptyMessage) {
  EXPECT_EQ(encoded(""), (Encoded{"", summary(0, 0, 0)}));
}

TEST(WireEncoder, EndsTheLastLineWhereTheMessageDidNot) {
  EXPECT_EQ(encoded("a: b\r\n\r\nc"), (Encoded{"a: b\r\n\r\nc\r\n", summary(11, 11, 8)}));
  EXPECT_EQ(encoded("a: b"), (Encoded{"a: b\r\n", summary(6, 6, 6)}));
  EXPECT_EQ(encoded("a\r"), (Encoded{"a\r\r\n", summary(4, 4, 4)})) << "a bare CR stays, and is no half of the CRLF";
  EXPECT_EQ(encoded("\r"), (Encoded{"\r\r\n", summary(3, 3, 3)}));
  EXPECT_EQ(encoded("a\r\n\r"), (Encoded{"a\r\n\r\r\n", summary(6, 6, 6)}));
}

TEST(WireEncoder, TakesTheFirstEmptyLineForTheEndOfTheHeader) {
  EXPECT_EQ(encoded("\r\nbody\r\n\r\n").summary, summary(10, 10, 2));
  EXPECT_EQ(encoded("\nbody\n", BareLf::to_crlf).summary, summary(8, 8, 2));
  EXPECT_EQ(encoded("a\r\n \r\nb\r\n").summary, summary(9, 9, 9)) << "a line with a space is not empty";
  EXPECT_EQ(encoded("a\r\n\r\r\nb\r\n").summary, summary(9, 9, 9)) << "nor is one with a bare CR";
  EXPECT_EQ(encoded("a\r\n.\r\n\r\n").summary, summary(8, 9, 9));
}

TEST(WireEncoder, MakesBareLfACrlfForLocalInput) {
  EXPECT_EQ(encoded("a\n\n.b\r\nc\r\r\nd\n", BareLf::to_crlf),
            (Encoded{"a\r\n\r\n..b\r\nc\r\r\nd\r\n", summary(16, 17, 5)}));
  EXPECT_EQ(encoded_in_pieces({"a\r", "\nb\n"}, BareLf::to_crlf).wire, "a\r\nb\r\n");
  EXPECT_EQ(encoded_in_pieces({"a", "\n", ".", "\n"}, BareLf::to_crlf).wire, "a\r\n..\r\n");
}

TEST(WireEncoder, LeavesABareLfAsItIsWhenToldSo) {
  EXPECT_EQ(encoded("a\n.b\n\nc\r\n"), (Encoded{"a\n.b\n\nc\r\n", summary(9, 9, 9)}));
  EXPECT_EQ(encoded("a\n"), (Encoded{"a\n\r\n", summary(4, 4, 4)}));
}

TEST(WireEncoder, PassesNulBareCrAndEightBitOctets) {
  const std::string message = "a\0b\xff\rc\r\n"s;
  EXPECT_EQ(encoded(message).wire, message);
  EXPECT_EQ(encoded(message, BareLf::to_crlf).wire, message);
}

TEST(WireEncoder, TellsTheOctetsSoFar) {
  WireEncoder encoder(BareLf::to_crlf);
  std::string wire;
  encoder.encode(".a\nb", wire);
  EXPECT_EQ(encoder.octets(), Octets{5});
  encoder.finish(wire);
  EXPECT_EQ(encoder.octets(), Octets{7});
}

TEST(WireEncoder, AppendsToWhatIsThere) {
  WireEncoder encoder(BareLf::keep);
  std::string wire = "before ";
  encoder.encode(".a\r\n", wire);
  EXPECT_EQ(encoder.finish(wire), summary(4, 5, 5));
  EXPECT_EQ(wire, "before ..a\r\n");
}

TEST(WireEncoder, GivesWhatTheReferenceGivesHoweverTheMessageIsCut) {
  std::mt19937 random(3);
  for (int round = 0; round < 100'000; ++round) {
    const std::string content = random_text(random, awkward_octets, 24);
    const BareLf bare_lf = round % 2 == 0 ? BareLf::keep : BareLf::to_crlf;
    const Encoded expected = reference(content, bare_lf);
    ASSERT_EQ(encoded(content, bare_lf), expected) << testing::PrintToString(content);
    ASSERT_EQ(encoded_in_pieces(cut_randomly(random, content), bare_lf), expected) << testing::PrintToString(content);
  }
}

TEST(WireEncoder, IsUndoneByTheDecoder) {
  std::mt19937 random(4);
  for (int round = 0; round < 50'000; ++round) {
    const std::string content = random_text(random, awkward_octets, 24);
    const BareLf bare_lf = round % 2 == 0 ? BareLf::keep : BareLf::to_crlf;
    const Encoded message = encoded(content, bare_lf);
    const std::string expected = canonical(content, bare_lf);
    std::string back;
    const auto progress = DotDecoder().decode(message.wire + ".\r\n", back);
    ASSERT_TRUE(progress.ended);
    ASSERT_EQ(progress.consumed, message.wire.size() + 3);
    ASSERT_EQ(back, expected);
    ASSERT_EQ(message.summary.octets, Octets{expected.size()});
    ASSERT_EQ(message.wire, dot_stuffed(expected));
  }
}

TEST(WireEncoder, GivesTheSameForItsOwnCanonicalForm) {
  std::mt19937 random(5);
  for (int round = 0; round < 20'000; ++round) {
    const std::string content = random_text(random, awkward_octets, 24);
    const Encoded once = encoded(content, BareLf::to_crlf);
    EXPECT_EQ(encoded(canonical(content, BareLf::to_crlf), BareLf::keep), once);
  }
}

std::string top(const Encoded& message, std::uint64_t lines, const std::vector<std::string_view>& pieces) {
  TopFilter filter(message.summary.header_wire_octets, lines);
  std::string passed;
  for (const auto piece : pieces) {
    if (filter.done()) break;
    passed += filter.pass(piece);
  }
  return passed;
}

std::string top(const Encoded& message, std::uint64_t lines) {
  return top(message, lines, {message.wire});
}

TEST(TopFilter, PassesTheHeaderTheBlankLineAndTheLinesAskedFor) {
  const Encoded message = encoded("a: b\r\nc: d\r\n\r\n1\r\n\r\n.3\r\n4\r\n");
  EXPECT_EQ(top(message, 0), "a: b\r\nc: d\r\n\r\n");
  EXPECT_EQ(top(message, 1), "a: b\r\nc: d\r\n\r\n1\r\n");
  EXPECT_EQ(top(message, 2), "a: b\r\nc: d\r\n\r\n1\r\n\r\n");
  EXPECT_EQ(top(message, 3), "a: b\r\nc: d\r\n\r\n1\r\n\r\n..3\r\n");
  EXPECT_EQ(top(message, 4), message.wire);
  EXPECT_EQ(top(message, 5), message.wire);
  EXPECT_EQ(top(message, ~std::uint64_t{0}), message.wire);
}

TEST(TopFilter, PassesAllOfAMessageWithoutABody) {
  const Encoded message = encoded("a: b\r\nc: d\r\n");
  EXPECT_EQ(top(message, 0), message.wire);
  EXPECT_EQ(top(message, 7), message.wire);
}

TEST(TopFilter, IsDoneAsSoonAsNothingMoreCanPass) {
  EXPECT_TRUE(TopFilter(Octets{0}, 0).done());
  TopFilter filter(Octets{2}, 1);
  EXPECT_EQ(filter.pass("\r"), "\r");
  EXPECT_FALSE(filter.done());
  EXPECT_EQ(filter.pass("\na"), "\na");
  EXPECT_FALSE(filter.done());
  EXPECT_EQ(filter.pass("\r"), "\r");
  EXPECT_EQ(filter.pass("\nb\r\n"), "\n");
  EXPECT_TRUE(filter.done());
  EXPECT_EQ(filter.pass("c\r\n"), "");
}

TEST(TopFilter, CountsNoBareLfAsALine) {
  const Encoded message = encoded("a\r\n\r\nb\n\nc\r\nd\r\n");
  EXPECT_EQ(top(message, 1), "a\r\n\r\nb\n\nc\r\n");
  EXPECT_EQ(top(message, 1, {"a\r\n\r\n", "b\n", "\nc\r\n", "d\r\n"}), "a\r\n\r\nb\n\nc\r\n");
}

TEST(TopFilter, PassesAPrefixThatEndsALineHoweverTheMessageIsCut) {
  std::mt19937 random(6);
  for (int round = 0; round < 50'000; ++round) {
    const Encoded message = encoded(random_text(random, awkward_octets, 30), BareLf::keep);
    const std::uint64_t lines = random() % 4;
    const std::string passed = top(message, lines);
    ASSERT_TRUE(message.wire.starts_with(passed));
    ASSERT_TRUE(passed.empty() || passed.ends_with("\r\n"));
    const std::string_view body = std::string_view(passed).substr(message.summary.header_wire_octets.value);
    std::uint64_t body_lines = 0;
    for (std::size_t at = 0; (at = body.find("\r\n", at)) != std::string_view::npos; at += 2) ++body_lines;
    ASSERT_TRUE(body_lines == lines || (body_lines < lines && passed == message.wire));
    ASSERT_EQ(top(message, lines, cut_randomly(random, message.wire)), passed);
  }
}

}  // namespace
}  // namespace fermo::mail
