#include "processes/restart_pause.h"

#include <gtest/gtest.h>

namespace fermo::processes {
namespace {

using namespace std::chrono_literals;

TEST(RestartPauseTest, IsNothingAfterTheFirstEnd) {
  RestartPause pause;
  const RestartPause::Clock::time_point start{};
  pause.started(start);
  EXPECT_EQ(pause.ended(start + 1s), 0ms);
}

TEST(RestartPauseTest, DoublesUpToABoundWhileItKeepsEnding) {
  RestartPause pause;
  RestartPause::Clock::time_point now{};
  std::vector<std::chrono::milliseconds> pauses;
  for (int i = 0; i < 12; ++i) {
    pause.started(now);
    pauses.push_back(pause.ended(now += 1s));
  }
  EXPECT_EQ(pauses[1], limits::process_restart_wait_min);
  EXPECT_EQ(pauses[2], 2 * limits::process_restart_wait_min);
  EXPECT_EQ(pauses[3], 4 * limits::process_restart_wait_min);
  EXPECT_EQ(pauses.back(), limits::process_restart_wait_max);
}

TEST(RestartPauseTest, BeginsAgainAfterItHasRunForAWhile) {
  RestartPause pause;
  RestartPause::Clock::time_point now{};
  for (int i = 0; i < 5; ++i) {
    pause.started(now);
    pause.ended(now += 1s);
  }
  pause.started(now);
  EXPECT_EQ(pause.ended(now + limits::process_settled_time), 0ms);
}

}  // namespace
}  // namespace fermo::processes
