#include "maildrop_rocks/striped_mutexes.h"

#include <gtest/gtest.h>

#include <thread>

namespace fermo::rocks {
namespace {

TEST(StripedMutexes, TakesEachLockOnceHoweverManyKeysShareIt) {
  StripedMutexes mutexes;
  EXPECT_EQ(mutexes.lock({1, 65, 129, 1}).size(), 1u);
  EXPECT_EQ(mutexes.lock({3, 2, 66}).size(), 2u);
  EXPECT_TRUE(mutexes.lock({}).empty());
}

TEST(StripedMutexes, KeysInAnyOrderDoNotWaitInACircle) {
  StripedMutexes mutexes;
  int held = 0;
  const auto work = [&](std::vector<std::uint64_t> keys) {
    for (int round = 0; round < 20'000; ++round) {
      const auto locks = mutexes.lock(keys);
      ++held;
    }
  };
  std::thread one(work, std::vector<std::uint64_t>{1, 2, 3});
  std::thread two(work, std::vector<std::uint64_t>{3, 2, 4});
  one.join();
  two.join();
  EXPECT_EQ(held, 40'000);
}

}  // namespace
}  // namespace fermo::rocks
