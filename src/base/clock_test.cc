#include "base/clock.h"

#include <gtest/gtest.h>

#include <chrono>

namespace fermo {
namespace {

using namespace std::chrono_literals;

TEST(SystemClock, TellsTheTimeOfTheMachine) {
  const auto before = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  const Timestamp now = SystemClock().now();
  const Timestamp after = std::chrono::ceil<std::chrono::microseconds>(std::chrono::system_clock::now());
  EXPECT_GE(now, before);
  EXPECT_LE(now, after);
}

TEST(ManualClock, StandsStillUntilItIsMoved) {
  ManualClock clock(Timestamp(100s));
  EXPECT_EQ(clock.now(), Timestamp(100s));
  EXPECT_EQ(clock.now(), Timestamp(100s));
  clock.advance(1us);
  EXPECT_EQ(clock.now(), Timestamp(100s + 1us));
  clock.advance(-1s);
  EXPECT_EQ(clock.now(), Timestamp(99s + 1us));
  clock.set(Timestamp(7s));
  EXPECT_EQ(clock.now(), Timestamp(7s));
}

TEST(ManualClock, StandsInForAnyClock) {
  const ManualClock manual(Timestamp(5s));
  const Clock& clock = manual;
  EXPECT_EQ(clock.now(), Timestamp(5s));
}

}  // namespace
}  // namespace fermo
