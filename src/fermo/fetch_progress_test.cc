#include "fermo/fetch_progress.h"

namespace fermo::commands {
namespace {

using std::chrono::seconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(ProgressLine, TellsMessagesOctetsRateAndTheTimeLeft) {
  const std::string line = progress_line("ann", {10, Octets{4'000'000}}, {3, Octets{1'000'000}}, seconds(2), 200);
  EXPECT_THAT(line, StartsWith("ann: [#####               ] 3 of 10 messages, 1.0 MB of 4.0 MB, 500.0 kB/s, 6 s left"));
}

TEST(ProgressLine, LeavesOutWhatDoesNotFit) {
  const Amounts all{10, Octets{4'000'000}};
  const Amounts done{3, Octets{1'000'000}};
  EXPECT_THAT(progress_line("ann", all, done, seconds(2), 65), EndsWith("1.0 MB of 4.0 MB"));
  for (std::size_t columns = 1; columns < 120; ++columns) {
    EXPECT_LE(progress_line("ann", all, done, seconds(2), columns).size(), columns);
  }
}

TEST(ProgressLine, CutsNamesBetweenCharacters) {
  EXPECT_EQ(progress_line("äöü", {1, Octets{1}}, {}, seconds(1), 2), "äö");
}

TEST(ProgressLine, HasNoTimeLeftBeforeAnythingHasCome) {
  const std::string line = progress_line("ann", {1, Octets{1000}}, {}, seconds(5), 200);
  EXPECT_THAT(line, HasSubstr("0 of 1 message,"));
  EXPECT_THAT(line, EndsWith("0 octets/s"));
}

TEST(ProgressLine, IsFullAndNotFullerWhenMoreCameThanWasAnnounced) {
  const std::string line = progress_line("ann", {1, Octets{1000}}, {1, Octets{5000}}, seconds(1), 200);
  EXPECT_THAT(line, HasSubstr("[####################] 1 of 1 message, 5.0 kB of 5.0 kB"));
}

}  // namespace
}  // namespace fermo::commands
