#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conformance/store_helpers.h"
#include "crash/power_cut_trial.h"
#include "crash/rocks_fixture.h"
#include "maildrop_rocks/internal.h"

namespace fermo::crash {
namespace {

using Loss = DiskJournal::Loss;

TEST(PowerCut, NothingAcknowledgedIsLostAndNothingIsHalfThere) {
  PowerCutTrial trial(true);
  for (std::uint64_t cycle = 0; cycle < FERMO_POWER_CUTS; ++cycle) {
    const Loss loss = std::array{Loss::everything, Loss::tail, Loss::torn}[cycle % 3];
    ASSERT_THAT(trial.run(1000 + cycle, loss), testing::IsEmpty()) << "cycle " << cycle;
  }
  EXPECT_GT(trial.acknowledged(), 8u * FERMO_POWER_CUTS);
  RecordProperty("acknowledged", std::to_string(trial.acknowledged()));
  RecordProperty("torn_ends", std::to_string(trial.torn_ends()));
}

TEST(PowerCut, ControlTheTrialNoticesAStoreThatDoesNotSync) {
  std::size_t cycles_with_losses = 0;
  for (std::uint64_t cycle = 0; cycle < 10; ++cycle) {
    PowerCutTrial trial(false);
    if (!trial.run(2000 + cycle, Loss::everything).empty()) ++cycles_with_losses;
  }
  EXPECT_GE(cycles_with_losses, 5u);
}

class PowerCutOnDisk : public RocksOnDisk {
 protected:
  void deliver_some() {
    for (const char* drop : {"anna", "berta"}) {
      conformance::deliver(store(), conformance::wire_message(delivered_, 5000), {conformance::recipient(drop)});
    }
    ++delivered_;
  }
  std::uint64_t delivered() const { return delivered_; }

  /// Flushes; before which of the changes that it makes to the disk each octet of the list of files is there, and not
  /// safe.
  std::vector<std::uint64_t> changes_before_the_list_is_safe() {
    std::vector<std::uint64_t> found;
    std::uint64_t changes = 0;
    disk().watch([&](std::string_view change) {
      if (change.starts_with("sync MANIFEST")) found.push_back(changes);
      ++changes;
    });
    rocks::Internal::flush(store());
    disk().watch(nullptr);
    return found;
  }

 private:
  std::uint64_t delivered_ = 0;
};

// Without the list of its files the store is nothing: an entry of which some sectors never reached the disk may not be
// in its way.
TEST_F(PowerCutOnDisk, AnEntryOfTheListOfFilesThatIsHalfThereIsNoDamage) {
  open();
  deliver_some();
  const auto instants = changes_before_the_list_is_safe();
  close();
  ASSERT_FALSE(instants.empty());
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    open();
    deliver_some();
    disk().cut_after(instants[seed % instants.size()]);
    rocks::Internal::flush(store());
    close();
    disk().restore_power(Loss::torn, seed);
    const auto opened = try_open(settings());
    ASSERT_FALSE(opened.has_error()) << "seed " << seed << ": " << opened.error().text;
    for (const char* drop : {"anna", "berta"}) {
      ASSERT_EQ(conformance::drop_listing(**opened, drop).messages, delivered()) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace fermo::crash
