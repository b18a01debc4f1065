#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crash/power_cut_trial.h"

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

}  // namespace
}  // namespace fermo::crash
