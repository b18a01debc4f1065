#include "fetch/number_text.h"

#include <limits>

#include <gtest/gtest.h>

namespace fermo::fetch {
namespace {

TEST(NumberText, ThousandsAreSeparated) {
  EXPECT_EQ(with_separators(0), "0");
  EXPECT_EQ(with_separators(999), "999");
  EXPECT_EQ(with_separators(1'000), "1,000");
  EXPECT_EQ(with_separators(123'456), "123,456");
  EXPECT_EQ(with_separators(std::numeric_limits<std::uint64_t>::max()), "18,446,744,073,709,551,615");
}

TEST(NumberText, OneIsTheOnlySingular) {
  EXPECT_EQ(counted(0, "message"), "0 messages");
  EXPECT_EQ(counted(1, "message"), "1 message");
  EXPECT_EQ(counted(1'001, "octet"), "1,001 octets");
}

}  // namespace
}  // namespace fermo::fetch
