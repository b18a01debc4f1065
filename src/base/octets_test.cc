#include "base/octets.h"

#include <gtest/gtest.h>

namespace fermo {
namespace {

TEST(Octets, AreCountedAndCompared) {
  Octets total;
  EXPECT_EQ(total.value, 0u);
  total += Octets{40};
  total += Octets{4'000'000'000};
  EXPECT_EQ(total, Octets{4'000'000'040});
  total -= Octets{40};
  EXPECT_EQ(total, Octets{4'000'000'000});
  EXPECT_EQ(Octets{5} + Octets{7}, Octets{12});
  EXPECT_EQ(Octets{7} - Octets{5}, Octets{2});
  EXPECT_LT(Octets{9}, Octets{10});
}

}  // namespace
}  // namespace fermo
