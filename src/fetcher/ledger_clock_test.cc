#include "fetcher/ledger_clock.h"

#include <gtest/gtest.h>

namespace fermo::fetcher {
namespace {

using std::chrono::hours;

class LedgerClockTest : public testing::Test {
 protected:
  ManualClock machine_;
  bool set_ = false;
  LedgerClock clock_{machine_, [this] { return set_; }};
};

TEST_F(LedgerClockTest, IsTheMachinesWhereTheLedgerKnowsOfNothingLater) {
  EXPECT_EQ(clock_.now(), machine_.now());
  clock_.learn(machine_.now() - hours(1));
  EXPECT_EQ(clock_.now(), machine_.now());
}

TEST_F(LedgerClockTest, IsNotEarlierThanTheLedgerUntilSomebodyHasSetIt) {
  const Timestamp known = machine_.now() + hours(24 * 30);
  clock_.learn(known);
  clock_.learn(machine_.now());
  EXPECT_EQ(clock_.now(), known);
  machine_.set(known + hours(1));
  EXPECT_EQ(clock_.now(), machine_.now());
}

TEST_F(LedgerClockTest, IsTheMachinesOnceSomebodyHasSetItWhateverTheLedgerKnows) {
  clock_.learn(machine_.now() + hours(24 * 365));
  set_ = true;
  EXPECT_EQ(clock_.now(), machine_.now());
}

}  // namespace
}  // namespace fermo::fetcher
