#include "auth/verified_cache.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace fermo::auth {
namespace {

using namespace std::chrono_literals;

VerifiedCache::Fingerprint numbered(const VerifiedCache& cache, int number) {
  return cache.fingerprint("user" + std::to_string(number), "{X}hash", Secret("password"));
}

TEST(VerifiedCache, KnowsOnlyWhatWasInserted) {
  const ManualClock clock;
  VerifiedCache cache(clock);
  EXPECT_FALSE(cache.contains(numbered(cache, 1)));
  cache.insert(numbered(cache, 1));
  EXPECT_TRUE(cache.contains(numbered(cache, 1)));
  EXPECT_FALSE(cache.contains(numbered(cache, 2)));
}

TEST(VerifiedCache, AnotherUserHashOrPasswordIsAnotherFingerprint) {
  const ManualClock clock;
  const VerifiedCache cache(clock);
  const auto base = cache.fingerprint("alice", "{X}hash", Secret("password"));
  EXPECT_EQ(base, cache.fingerprint("alice", "{X}hash", Secret("password")));
  EXPECT_NE(base, cache.fingerprint("alicf", "{X}hash", Secret("password")));
  EXPECT_NE(base, cache.fingerprint("alice", "{X}hasi", Secret("password")));
  EXPECT_NE(base, cache.fingerprint("alice", "{X}hash", Secret("passwore")));
  EXPECT_NE(base, cache.fingerprint("alice", "{X}hash", Secret("")));
}

TEST(VerifiedCache, NoPartCanReachIntoTheNext) {
  const ManualClock clock;
  const VerifiedCache cache(clock);
  EXPECT_NE(cache.fingerprint("ab", "c", Secret("d")), cache.fingerprint("a", "bc", Secret("d")));
  EXPECT_NE(cache.fingerprint("a", "bc", Secret("d")), cache.fingerprint("a", "b", Secret("cd")));
  EXPECT_NE(cache.fingerprint("", "", Secret("abc")), cache.fingerprint("abc", "", Secret("")));
}

TEST(VerifiedCache, EachHasAKeyOfItsOwn) {
  const ManualClock clock;
  const VerifiedCache one(clock);
  const VerifiedCache other(clock);
  EXPECT_NE(numbered(one, 1), numbered(other, 1));
}

TEST(VerifiedCache, AnEntryExpiresOnTimeAndUsingItDoesNotPutThatOff) {
  ManualClock clock;
  VerifiedCache cache(clock, 10, 60s);
  cache.insert(numbered(cache, 1));
  clock.advance(59s);
  EXPECT_TRUE(cache.contains(numbered(cache, 1)));
  clock.advance(1s);
  EXPECT_FALSE(cache.contains(numbered(cache, 1)));
  EXPECT_EQ(cache.size(), 0U);
}

TEST(VerifiedCache, VerifyingAgainBeginsTheTimeAnew) {
  ManualClock clock;
  VerifiedCache cache(clock, 10, 60s);
  cache.insert(numbered(cache, 1));
  clock.advance(50s);
  cache.insert(numbered(cache, 1));
  clock.advance(50s);
  EXPECT_TRUE(cache.contains(numbered(cache, 1)));
  EXPECT_EQ(cache.size(), 1U);
}

TEST(VerifiedCache, AClockThatJumpsBackExpiresEntriesRatherThanKeepThemForever) {
  ManualClock clock;
  VerifiedCache cache(clock, 10, 60s);
  cache.insert(numbered(cache, 1));
  clock.advance(-1h);
  EXPECT_FALSE(cache.contains(numbered(cache, 1)));
}

TEST(VerifiedCache, WhenFullTheLeastRecentlyUsedGoes) {
  const ManualClock clock;
  VerifiedCache cache(clock, 3);
  for (int i = 1; i <= 3; ++i) cache.insert(numbered(cache, i));
  EXPECT_TRUE(cache.contains(numbered(cache, 1)));
  cache.insert(numbered(cache, 4));
  EXPECT_EQ(cache.size(), 3U);
  EXPECT_FALSE(cache.contains(numbered(cache, 2)));
  EXPECT_TRUE(cache.contains(numbered(cache, 1)));
  EXPECT_TRUE(cache.contains(numbered(cache, 3)));
  EXPECT_TRUE(cache.contains(numbered(cache, 4)));
}

TEST(VerifiedCache, ItNeverHoldsMoreThanItMay) {
  const ManualClock clock;
  VerifiedCache cache(clock, 100);
  for (int i = 0; i < 10'000; ++i) cache.insert(numbered(cache, i));
  EXPECT_EQ(cache.size(), 100U);
  VerifiedCache none(clock, 0);
  none.insert(numbered(none, 1));
  EXPECT_EQ(none.size(), 0U);
}

TEST(VerifiedCache, ANewGenerationForgetsEverythingAndAnOldOneNothing) {
  const ManualClock clock;
  VerifiedCache cache(clock);
  cache.use_generation(5);
  cache.insert(numbered(cache, 1));
  cache.use_generation(5);
  cache.use_generation(4);
  EXPECT_TRUE(cache.contains(numbered(cache, 1)));
  cache.use_generation(6);
  EXPECT_EQ(cache.size(), 0U);
}

TEST(VerifiedCache, ManyThreadsMayUseItAtOnce) {
  const ManualClock clock;
  VerifiedCache cache(clock, 50);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&cache, t] {
      for (int i = 0; i < 500; ++i) {
        cache.insert(numbered(cache, i % 80 + t));
        cache.contains(numbered(cache, i % 40));
        if (i % 100 == 0) cache.use_generation(static_cast<std::uint64_t>(i + t));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(cache.size(), 50U);
}

}  // namespace
}  // namespace fermo::auth
