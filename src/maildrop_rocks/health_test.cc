#include "maildrop_rocks/health.h"

#include <gtest/gtest.h>

#include <thread>

namespace fermo::rocks {
namespace {

using maildrop::Error;

TEST(Health, TheFirstFailureStaysUntilItIsGoodAgain) {
  Health health;
  EXPECT_EQ(health.failure(), std::nullopt);
  health.failing(Error::out_of_space, "full");
  health.failing(Error::unavailable, "broken");
  EXPECT_EQ(health.failure(), Error::out_of_space);
  EXPECT_EQ(health.wait_for_trouble(), "full");
  health.good();
  EXPECT_EQ(health.failure(), std::nullopt);
}

TEST(Health, AilingWakesTheKeeperButRefusesNothing) {
  Health health;
  health.ailing("compaction");
  EXPECT_EQ(health.failure(), std::nullopt);
  EXPECT_EQ(health.wait_for_trouble(), "compaction");
}

TEST(Health, StoppingEndsEveryWait) {
  Health health;
  std::optional<std::string> told = "something";
  std::thread keeper([&] { told = health.wait_for_trouble(); });
  health.stop();
  keeper.join();
  EXPECT_EQ(told, std::nullopt);
  EXPECT_FALSE(health.pause(std::chrono::hours(1)));
}

}  // namespace
}  // namespace fermo::rocks
