#include "config/nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace fermo::config {
namespace {

constexpr std::array<std::string_view, 5> names{"data", "users", "limits.recipients_max", "tls.key", "log.level"};

TEST(EditDistance, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("abc", "abc"), 0U);
  EXPECT_EQ(edit_distance("abc", "abd"), 1U);
  EXPECT_EQ(edit_distance("abc", "acb"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Nearest, FindsTheWordThatWasMeant) {
  EXPECT_EQ(nearest("user", names), "users");
  EXPECT_EQ(nearest("dtaa", names), "data");
  EXPECT_EQ(nearest("limits.max_recipients", names), std::nullopt);
  EXPECT_EQ(nearest("limits.recipient_max", names), "limits.recipients_max");
  EXPECT_EQ(nearest("recipients_max", names), "limits.recipients_max");
  EXPECT_EQ(nearest("logging.level", names), "log.level");
}

TEST(Nearest, SuggestsNothingFarFetched) {
  EXPECT_EQ(nearest("background_colour", names), std::nullopt);
  EXPECT_EQ(nearest(std::string(100'000, 'x'), names), std::nullopt);
}

}  // namespace
}  // namespace fermo::config
