#include "fetch/schedule.h"

#include "base/limits.h"

namespace fermo::fetch {
namespace {

using namespace std::chrono_literals;

const Timestamp start{1'700'000'000s};

Schedule after_failures(unsigned failures, Outcome outcome = Outcome::later, double chance = 0) {
  Schedule schedule({5min, 0s}, {}, start);
  for (unsigned i = 0; i < failures; ++i) {
    schedule.began(start);
    schedule.ended(outcome, start, {}, chance);
  }
  return schedule;
}

TEST(Schedule, BeginsAtOnce) {
  EXPECT_EQ(Schedule({5min, 0s}, {}, start).due(), start);
  EXPECT_EQ(Schedule({5min, 0s}, start - 1min, start).due(), start);
}

TEST(Schedule, WaitsForWhatTheProviderDemandsAfterARestartToo) {
  EXPECT_EQ(Schedule({5min, 15min}, start - 1min, start).due(), start + 14min);
  EXPECT_EQ(Schedule({5min, 15min}, start - 1h, start).due(), start);
}

TEST(Schedule, IsNotHeldUpByALoginInTheFuture) {
  EXPECT_EQ(Schedule({5min, 15min}, start + 24h, start).due(), start);
}

TEST(Schedule, CountsTheIntervalFromTheBeginning) {
  Schedule schedule({5min, 0s}, {}, start);
  schedule.began(start);
  schedule.ended(Outcome::done, start + 2min, {}, 0.5);
  EXPECT_EQ(schedule.due(), start + 5min);
  schedule.began(start + 5min);
  schedule.ended(Outcome::done, start + 25min, {}, 0.5);
  EXPECT_EQ(schedule.due(), start + 25min);
}

TEST(Schedule, KeepsToTheLongestOfIntervalProviderAndLoginDelay) {
  Schedule schedule({1min, 10min}, {}, start);
  schedule.began(start);
  schedule.ended(Outcome::done, start, {}, 0);
  EXPECT_EQ(schedule.due(), start + 10min);
  schedule.ended(Outcome::done, start, 900s, 0);
  EXPECT_EQ(schedule.due(), start + 15min);
}

TEST(Schedule, RemembersTheLoginDelayWhenASessionDidNotGetSoFar) {
  Schedule schedule({1min, 0s}, {}, start);
  schedule.began(start);
  schedule.ended(Outcome::done, start, 1800s, 0);
  schedule.began(start + 30min);
  schedule.ended(Outcome::later, start + 30min, {}, 0);
  EXPECT_EQ(schedule.due(), start + 60min);
}

TEST(Schedule, DoesNotBelieveAnAbsurdLoginDelay) {
  Schedule schedule({1min, 0s}, {}, start);
  schedule.began(start);
  schedule.ended(Outcome::done, start, std::chrono::seconds::max(), 0);
  EXPECT_EQ(schedule.due(), start + limits::fetch_login_delay_max);
}

TEST(Schedule, BacksOffTwiceAsLongEachTimeUpToALimit) {
  EXPECT_EQ(after_failures(1).due(), start + limits::fetch_retry_wait_min);
  EXPECT_EQ(after_failures(2).due(), start + limits::fetch_retry_wait_min * 2);
  EXPECT_EQ(after_failures(3).due(), start + limits::fetch_retry_wait_min * 4);
  EXPECT_EQ(after_failures(100).due(), start + limits::fetch_retry_wait_max);
}

TEST(Schedule, SpreadsRetriesByAQuarterAtMost) {
  EXPECT_EQ(after_failures(1, Outcome::later, 1).due(), start + limits::fetch_retry_wait_min * 5 / 4);
  EXPECT_EQ(after_failures(100, Outcome::later, 1).due(), start + limits::fetch_retry_wait_max * 5 / 4);
}

TEST(Schedule, BeginsAnewAfterASuccess) {
  Schedule schedule = after_failures(5);
  schedule.began(start);
  schedule.ended(Outcome::done, start, {}, 0);
  schedule.ended(Outcome::later, start, {}, 0);
  EXPECT_EQ(schedule.due(), start + limits::fetch_retry_wait_min);
}

TEST(Schedule, DoesNotHammerAfterARefusedLogin) {
  const Schedule schedule = after_failures(1, Outcome::login_refused);
  EXPECT_TRUE(schedule.held());
  EXPECT_EQ(schedule.due(), start + limits::fetch_login_refused_wait);
}

TEST(Schedule, TriesAgainAtOnceWhenTheUserSaysSo) {
  Schedule schedule = after_failures(3, Outcome::login_refused);
  schedule.hurry(start + 1min);
  EXPECT_EQ(schedule.due(), start + 1min);
  schedule = after_failures(3);
  schedule.hurry(start + 1min);
  EXPECT_EQ(schedule.due(), start + 1min);
}

TEST(Schedule, DoesNotHurryAProvider) {
  Schedule schedule({1h, 15min}, {}, start);
  schedule.began(start);
  schedule.ended(Outcome::done, start, {}, 0);
  schedule.hurry(start + 1min);
  EXPECT_EQ(schedule.due(), start + 15min);
}

TEST(Schedule, DoesNotPutOffWhatIsDueBecauseOfHaste) {
  Schedule schedule({5min, 0s}, {}, start);
  schedule.hurry(start + 1min);
  EXPECT_EQ(schedule.due(), start);
}

TEST(Schedule, TriesAgainWhenSomethingWasChanged) {
  Schedule schedule = after_failures(1, Outcome::wrong);
  EXPECT_TRUE(schedule.held());
  schedule.change({5min, 0s}, start + 2s);
  EXPECT_FALSE(schedule.held());
  EXPECT_EQ(schedule.due(), start + 2s);
}

TEST(Schedule, TakesANewIntervalAtOnce) {
  Schedule schedule({1h, 0s}, {}, start);
  schedule.began(start);
  schedule.ended(Outcome::done, start, {}, 0);
  schedule.change({10min, 0s}, start + 1min);
  EXPECT_EQ(schedule.due(), start + 10min);
}

}  // namespace
}  // namespace fermo::fetch
