#include "runtime/watchdog.h"

#include <optional>

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace fermo::runtime {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

class WatchdogTest : public testing::Test {
 protected:
  asio::io_context context_{1};
  int expiries_ = 0;
  std::optional<Watchdog> watchdog_{std::in_place, context_.get_executor(), [this] { ++expiries_; }};
};

TEST_F(WatchdogTest, ExpiresOnceWhenTheDeadlineHasCome) {
  const auto deadline = Watchdog::Clock::now() + 5ms;
  watchdog_->set(deadline);
  EXPECT_FALSE(watchdog_->expired());
  context_.run();
  EXPECT_EQ(expiries_, 1);
  EXPECT_TRUE(watchdog_->expired());
  EXPECT_GE(Watchdog::Clock::now(), deadline);
}

TEST_F(WatchdogTest, HoldsToTheLastOfManyDeadlines) {
  Watchdog::Clock::time_point last;
  for (int i = 0; i < 100; ++i) {
    last = Watchdog::Clock::now() + 5ms + i * 200us;
    watchdog_->set(last);
  }
  context_.run();
  EXPECT_EQ(expiries_, 1);
  EXPECT_GE(Watchdog::Clock::now(), last);
}

TEST_F(WatchdogTest, TakesAnEarlierDeadlineAtOnce) {
  watchdog_->set_from_now(1h);
  watchdog_->set_from_now(2ms);
  context_.run_for(30s);
  EXPECT_EQ(expiries_, 1);
}

TEST_F(WatchdogTest, StaysQuietWhenDisarmed) {
  watchdog_->set_from_now(2ms);
  watchdog_->disarm();
  context_.run();
  EXPECT_EQ(expiries_, 0);
}

TEST_F(WatchdogTest, CanBeSetAgainAfterItHasExpired) {
  watchdog_->set_from_now(1ms);
  context_.run();
  watchdog_->set_from_now(1ms);
  EXPECT_FALSE(watchdog_->expired());
  context_.restart();
  context_.run();
  EXPECT_EQ(expiries_, 2);
}

TEST_F(WatchdogTest, ADeadlineInThePastExpiresAtOnce) {
  watchdog_->set(Watchdog::Clock::now() - 1s);
  context_.run();
  EXPECT_EQ(expiries_, 1);
}

TEST_F(WatchdogTest, SaysNothingOnceItIsGone) {
  watchdog_->set_from_now(1ms);
  watchdog_.reset();
  context_.run();
  EXPECT_EQ(expiries_, 0);
}

TEST_F(WatchdogTest, MayBeDestroyedByWhatItCalls) {
  watchdog_.emplace(context_.get_executor(), [this] {
    ++expiries_;
    watchdog_.reset();
  });
  watchdog_->set_from_now(1ms);
  context_.run();
  EXPECT_EQ(expiries_, 1);
}

}  // namespace
}  // namespace fermo::runtime
