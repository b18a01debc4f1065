#include "fetcher/spool.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "fetch/error.h"

namespace fermo::fetcher {
namespace {

constexpr std::size_t piece = limits::message_piece_octets_max;

/// No two pieces of it are the same.
std::string text_of(std::size_t octets) {
  std::string text;
  while (text.size() < octets) text += std::to_string(text.size()) + " ";
  text.resize(octets);
  return text;
}

class SpoolTest : public testing::Test {
 protected:
  /// As a file system does that could not write them.
  void lose(std::uint64_t at, std::string_view instead) {
    ASSERT_EQ(::pwrite(spool_.descriptor(), instead.data(), instead.size(), static_cast<off_t>(at)),
              static_cast<ssize_t>(instead.size()));
  }
  /// In blocks of different lengths.
  void add(std::string_view text) {
    for (std::size_t part = 1; !text.empty(); part = part * 3 + 1) {
      ASSERT_TRUE(spool_.add(text.substr(0, part)));
      text.remove_prefix(std::min(part, text.size()));
    }
    ASSERT_TRUE(spool_.flush());
  }

  Spool spool_ = *Spool::make();
};

TEST_F(SpoolTest, GivesWhatWasAddedFromAnywhere) {
  const std::string text = text_of(5 * piece + 17);
  add(text);
  EXPECT_EQ(spool_.octets(), text.size());
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, piece - 1, piece, 3 * piece + 5, text.size() - 1}) {
    for (const std::size_t octets : {std::size_t{1}, piece, 2 * piece + 3, 9 * piece}) {
      EXPECT_EQ(*spool_.read(at, octets), text.substr(at, octets)) << at << " " << octets;
    }
  }
  EXPECT_EQ(*spool_.read(text.size(), 1), "");
  EXPECT_TRUE(spool_.verify());
}

TEST_F(SpoolTest, GoesOnAfterACutAnywhere) {
  const std::string text = text_of(4 * piece);
  for (const std::size_t left : {std::size_t{0}, std::size_t{1}, piece, piece + 1, 3 * piece - 1, 4 * piece}) {
    ASSERT_TRUE(spool_.cut(0));
    add(text);
    ASSERT_TRUE(spool_.cut(left));
    EXPECT_EQ(spool_.octets(), left);
    ASSERT_TRUE(spool_.add("more"));
    ASSERT_TRUE(spool_.cut(left + 2));
    ASSERT_TRUE(spool_.flush());
    EXPECT_EQ(*spool_.read(0, 9 * piece), text.substr(0, left) + "mo") << left;
  }
}

TEST_F(SpoolTest, NoticesWhatTheDiskLost) {
  const std::string text = text_of(5 * piece);
  add(text);
  lose(3 * piece, std::string(1, '\0'));
  EXPECT_EQ(*spool_.read(0, piece), text.substr(0, piece));
  EXPECT_EQ(spool_.read(3 * piece, 1).error(), fetch::Error::spool_damaged);
  EXPECT_EQ(spool_.read(0, 9 * piece).error(), fetch::Error::spool_damaged);
  EXPECT_EQ(spool_.verify().error(), fetch::Error::spool_damaged);
  EXPECT_EQ(spool_.cut(3 * piece + 1).error(), fetch::Error::spool_damaged);
  lose(3 * piece, text.substr(3 * piece, 1));
  EXPECT_EQ(*spool_.read(0, 9 * piece), text);
  ASSERT_EQ(::ftruncate(spool_.descriptor(), 2 * piece), 0);
  EXPECT_EQ(spool_.read(0, 9 * piece).error(), fetch::Error::spool_damaged);
  ASSERT_TRUE(spool_.cut(0));
  add(text);
  EXPECT_EQ(*spool_.read(0, 9 * piece), text);
}

}  // namespace
}  // namespace fermo::fetcher
