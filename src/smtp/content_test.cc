#include "smtp/content.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/limits.h"
#include "mail/dot_codec.h"

namespace fermo::smtp {
namespace {

constexpr std::uint64_t plenty_octets = 1'000'000'000;

/// Gives `input` to `take` as a session does, at most `cut` octets at once, and gathers the pieces.
template <class Take>
std::vector<std::string> pieces_of(Content& content, std::string_view input, std::size_t cut, Take take) {
  std::vector<std::string> pieces;
  const auto gather = [&] {
    while (auto piece = content.take_piece()) pieces.push_back(*piece);
  };
  while (!input.empty()) {
    const std::size_t octets = std::min({content.room(), cut, input.size()});
    take(input.substr(0, octets));
    input.remove_prefix(octets);
    gather();
  }
  content.finish();
  gather();
  return pieces;
}

std::vector<std::string> data_pieces(Content& content, std::string_view input, std::size_t cut) {
  return pieces_of(content, input, cut, [&](std::string_view part) { content.take_data(part); });
}

std::vector<std::string> chunk_pieces(Content& content, std::string_view input, std::size_t cut) {
  return pieces_of(content, input, cut, [&](std::string_view part) { content.take_chunk(part); });
}

std::string joined(const std::vector<std::string>& pieces) {
  std::string all;
  for (const auto& piece : pieces) all += piece;
  return all;
}

/// Lines of all kinds, many of which begin with dots.
std::string lines(std::size_t octets) {
  std::string text;
  for (std::size_t n = 0; text.size() < octets; ++n) {
    text.append(n % 4, '.').append(n % 7 == 0 ? 200 : n % 5, 'x').append("\r\n");
  }
  return text;
}

TEST(Content, SmallMessageIsOnePiece) {
  Content content(plenty_octets);
  EXPECT_EQ(data_pieces(content, "a\r\n..b\r\n.\r\n", 3), std::vector<std::string>{"a\r\n..b\r\n"});
  EXPECT_EQ(content.summary().octets.value, 7U);
  EXPECT_EQ(content.summary().wire_octets.value, 8U);
}

TEST(Content, EmptyMessageIsNoPiece) {
  Content content(plenty_octets);
  EXPECT_TRUE(data_pieces(content, ".\r\n", 1).empty());
  EXPECT_EQ(content.summary(), mail::WireSummary{});
}

TEST(Content, PiecesAreFullButForTheLast) {
  Content content(plenty_octets);
  const std::string text = lines(300'000);
  const auto pieces = data_pieces(content, mail::dot_stuffed(text) + ".\r\n", 16 * 1024);
  ASSERT_GE(pieces.size(), 5U);
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i) EXPECT_EQ(pieces[i].size(), limits::message_piece_octets_max);
  EXPECT_EQ(joined(pieces), mail::dot_stuffed(text));
  EXPECT_EQ(content.summary().octets.value, text.size());
}

TEST(Content, PiecesDoNotDependOnTheCuts) {
  const std::string text = lines(200'000);
  const std::string data = mail::dot_stuffed(text) + ".\r\n";
  Content whole_data(plenty_octets);
  Content whole_chunk(plenty_octets);
  const auto of_data = data_pieces(whole_data, data, data.size());
  EXPECT_EQ(of_data, chunk_pieces(whole_chunk, text, text.size()));
  for (const std::size_t cut : std::initializer_list<std::size_t>{1, 2, 3, 7, 100, 4096, 65536}) {
    Content cut_data(plenty_octets);
    Content cut_chunk(plenty_octets);
    EXPECT_EQ(data_pieces(cut_data, data, cut), of_data) << cut;
    EXPECT_EQ(chunk_pieces(cut_chunk, text, cut), of_data) << cut;
  }
}

TEST(Content, LastLineWithoutEndGetsOne) {
  Content content(plenty_octets);
  EXPECT_EQ(joined(chunk_pieces(content, "a", 1)), "a\r\n");
  EXPECT_EQ(content.summary().octets.value, 3U);
}

TEST(Content, LineEndAddedBehindAFullPieceIsAPieceOfItsOwn) {
  Content content(plenty_octets);
  const auto pieces = chunk_pieces(content, std::string(limits::message_piece_octets_max, 'a'), 1000);
  ASSERT_EQ(pieces.size(), 2U);
  EXPECT_EQ(pieces[1], "\r\n");
}

TEST(Content, BareLineEndsInChunksAreRefused) {
  for (const auto* text : {"\n", "\r", "a\nb", "a\rb", "\r\r\n", "\r\n\n", "a\r\nb\r"}) {
    for (const std::size_t cut : std::initializer_list<std::size_t>{1, 2, 3, 100}) {
      Content content(plenty_octets);
      EXPECT_TRUE(chunk_pieces(content, text, cut).empty()) << text << " " << cut;
      EXPECT_EQ(content.refusal(), replies::bare_line_end) << text << " " << cut;
    }
  }
}

TEST(Content, TrueLineEndsInChunksPass) {
  for (const auto* text : {"", "\r\n", "\r\n\r\n", "a\r\n.\r\nb"}) {
    Content content(plenty_octets);
    chunk_pieces(content, text, 1);
    EXPECT_EQ(content.refusal(), std::nullopt) << text;
  }
}

TEST(Content, OctetsAreCountedBeforeByteStuffing) {
  Content fits(5);
  data_pieces(fits, "....\r\n.\r\n", 100);
  EXPECT_EQ(fits.refusal(), std::nullopt);
  Content too_large(4);
  EXPECT_TRUE(data_pieces(too_large, "....\r\n.\r\n", 100).empty());
  EXPECT_EQ(too_large.refusal(), replies::too_large);
}

TEST(Content, FailureStaysAndDropsWhatWasGathered) {
  Content content(plenty_octets);
  content.take_chunk("abc\r\n");
  content.fail(replies::too_large);
  content.fail(replies::bad_chunk_octets);
  content.take_chunk("def\r\n");
  content.finish();
  EXPECT_EQ(content.take_piece(), std::nullopt);
  EXPECT_EQ(content.refusal(), replies::too_large);
}

TEST(Content, BareLineEndCountsForMoreThanAFailure) {
  Content content(plenty_octets);
  content.fail(replies::too_large);
  content.take_chunk("a\nb");
  EXPECT_EQ(content.refusal(), replies::bare_line_end);
}

}  // namespace
}  // namespace fermo::smtp
