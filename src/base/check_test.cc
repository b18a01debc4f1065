#include "base/check.h"

#include <gtest/gtest.h>

#include <csignal>

namespace fermo {
namespace {

TEST(Check, PassesWhatHoldsAndLooksOnce) {
  int looks = 0;
  FERMO_CHECK(++looks == 1);
  EXPECT_EQ(looks, 1);
}

TEST(CheckDeathTest, EndsTheProcessAndSaysWhatDidNotHoldAndWhere) {
  EXPECT_DEATH(FERMO_CHECK(1 + 1 == 3), "check_test\\.cc:.*this must hold and does not: 1 \\+ 1 == 3");
}

TEST(CheckDeathTest, AbortsSoThatACoreIsLeft) {
  EXPECT_EXIT(FERMO_CHECK(false), testing::KilledBySignal(SIGABRT), "must hold");
}

}  // namespace
}  // namespace fermo
