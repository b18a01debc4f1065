#include "mail/unique_id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace fermo::mail {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp start{1'700'000'000'000'000us};

TEST(UniqueId, TakesOneToSeventyPrintableCharacters) {
  EXPECT_TRUE(UniqueId::from("!"));
  EXPECT_TRUE(UniqueId::from("~"));
  EXPECT_TRUE(UniqueId::from(std::string(70, 'x')));
  EXPECT_EQ(UniqueId::from("whqtswO00WBw418f9t5JxYwZ")->text(), "whqtswO00WBw418f9t5JxYwZ");
}

TEST(UniqueId, RefusesEveryOtherOctetAndLength) {
  EXPECT_FALSE(UniqueId::from(""));
  EXPECT_FALSE(UniqueId::from(std::string(71, 'x')));
  for (int octet = 0; octet < 256; ++octet) {
    const std::string text = std::string("a") + static_cast<char>(octet) + "b";
    EXPECT_EQ(UniqueId::from(text).has_value(), octet >= 0x21 && octet <= 0x7e) << octet;
  }
}

TEST(ArrivalId, IsWrittenAsTwentyFourLowerCaseHexadecimalDigits) {
  EXPECT_EQ((ArrivalId{0x00060a24181e4000, 0x01abcdef}.unique_id().text()), "00060a24181e400001abcdef");
  EXPECT_EQ((ArrivalId{}.unique_id().text()), std::string(24, '0'));
  EXPECT_EQ((ArrivalId{~std::uint64_t{0}, ~std::uint32_t{0}}.unique_id().text()), std::string(24, 'f'));
}

TEST(ArrivalId, IsReadBackFromItsText) {
  for (const ArrivalId id : {ArrivalId{}, ArrivalId{0x00060a24181e4000, 0x01abcdef}, ArrivalId{~std::uint64_t{0}, 7}}) {
    EXPECT_EQ(ArrivalId::from(id.unique_id().text()), id);
  }
}

TEST(ArrivalId, RefusesTextThatIsNotItsOwnForm) {
  EXPECT_FALSE(ArrivalId::from(""));
  EXPECT_FALSE(ArrivalId::from("00060a24181e400001abcde"));
  EXPECT_FALSE(ArrivalId::from("00060a24181e400001abcdef0"));
  EXPECT_FALSE(ArrivalId::from("00060A24181E400001ABCDEF"));
  EXPECT_FALSE(ArrivalId::from("-0060a24181e400001abcdef"));
  EXPECT_FALSE(ArrivalId::from("0x060a24181e400001abcdef"));
  EXPECT_FALSE(ArrivalId::from("00060a24181e400001abcdeg"));
}

TEST(ArrivalId, SortsAsTextAsItSortsAsNumber) {
  const std::vector<ArrivalId> sorted = {{1, 0}, {1, 1}, {1, 0xffffffff}, {2, 0}, {0x10, 0}, {0xff'ffff'ffff, 0}};
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    EXPECT_LT(sorted[i - 1], sorted[i]);
    EXPECT_LT(sorted[i - 1].unique_id(), sorted[i].unique_id());
  }
}

TEST(ArrivalIdSource, TellsTimeAndNode) {
  const ManualClock clock(start);
  const ArrivalId id = ArrivalIdSource(clock, 0x5a).next();
  EXPECT_EQ(id.microseconds, 1'700'000'000'000'000u);
  EXPECT_EQ(id.discriminator, 0x5a000000u);
}

TEST(ArrivalIdSource, IncreasesWhileTheClockStandsStill) {
  const ManualClock clock(start);
  ArrivalIdSource source(clock, 1);
  ArrivalId last = source.next();
  for (int i = 0; i < 1000; ++i) {
    const ArrivalId id = source.next();
    ASSERT_GT(id, last);
    last = id;
  }
}

TEST(ArrivalIdSource, IncreasesWhenTheClockGoesBackwards) {
  ManualClock clock(start);
  ArrivalIdSource source(clock, 1);
  const ArrivalId before = source.next();
  clock.advance(-24h);
  const ArrivalId after = source.next();
  EXPECT_GT(after, before);
  EXPECT_EQ(after.microseconds, before.microseconds);
  clock.set(start + 1us);
  EXPECT_EQ(source.next().microseconds, before.microseconds + 1);
}

TEST(ArrivalIdSource, GivesATimeBefore1970AsTheFirstMicroseconds) {
  const ManualClock clock(Timestamp(-1h));
  ArrivalIdSource source(clock, 0);
  const ArrivalId first = source.next();
  EXPECT_EQ(first.microseconds, 1u);
  EXPECT_GT(source.next(), first);
}

TEST(ArrivalIdSource, MovesToTheNextMicrosecondWhenTheCounterIsUsedUp) {
  const ManualClock clock(start);
  ArrivalIdSource source(clock, 0xff);
  ArrivalId last = source.next();
  for (int i = 0; i < (1 << 24); ++i) {
    const ArrivalId id = source.next();
    if (id <= last || id.discriminator >> 24 != 0xff) FAIL() << "at " << i;
    last = id;
  }
  EXPECT_EQ(last, (ArrivalId{1'700'000'000'000'001u, 0xff000000}));
}

TEST(ArrivalIdSource, ContinuesAfterTheLastIdOfTheProcessBefore) {
  const ManualClock clock(start);
  const ArrivalId last{1'800'000'000'000'000u, 0x01000007};
  EXPECT_GT(ArrivalIdSource(clock, 1, last).next(), last);
}

TEST(ArrivalIdSource, ContinuesAfterAnIdOfANodeWithAHigherNumber) {
  const ManualClock clock(start);
  const ArrivalId last{1'700'000'000'000'000u, 0xffffffff};
  EXPECT_GT(ArrivalIdSource(clock, 0, last).next(), last);
}

TEST(ArrivalIdSourceDeathTest, EndsTheProcessRatherThanGiveAnIdTwice) {
  const ManualClock clock(start);
  ArrivalIdSource source(clock, 0, ArrivalId{~std::uint64_t{0}, 0});
  EXPECT_DEATH(source.next(), "this must hold and does not");
}

TEST(ArrivalIdSource, GivesEachIdOnceToManyThreads) {
  const ManualClock clock(start);
  ArrivalIdSource source(clock, 1);
  constexpr std::size_t threads = 4, ids_each = 5000;
  std::vector<std::vector<ArrivalId>> given(threads);
  {
    std::vector<std::jthread> running;
    for (auto& mine : given) {
      running.emplace_back([&source, &mine] {
        for (std::size_t i = 0; i < ids_each; ++i) mine.push_back(source.next());
      });
    }
  }
  std::vector<ArrivalId> all;
  for (const auto& mine : given) {
    EXPECT_TRUE(std::ranges::is_sorted(mine));
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
  EXPECT_EQ(all.size(), threads * ids_each);
}

}  // namespace
}  // namespace fermo::mail
