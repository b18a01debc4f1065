#include "fetcher/command_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/limits.h"
#include "fetcher/temporary_folder.h"

namespace fermo::fetcher {
namespace {

using fetch::Error;
using testing::HasSubstr;
using testing::StartsWith;

class CommandTargetTest : public testing::Test {
 protected:
  /// A target whose program is a shell with this script, given the output file as $0.
  std::unique_ptr<CommandTarget> shell(const std::string& script,
                                       std::chrono::seconds time_max = limits::command_time_max) {
    return CommandTarget::open({{"/bin/sh", "-c", script, output().native()}, time_max}).value();
  }
  std::filesystem::path output() const { return folder_.path() / "output"; }
  std::string content() const {
    std::ifstream file(output(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static Result<void> give(CommandTarget& target, std::string_view content = "Subject: x\r\n\r\nbody\r\n") {
    if (auto begun = target.begin({"fermo.1", Octets{1}}); !begun) return begun;
    if (auto appended = target.append(content); !appended) return appended;
    return target.end();
  }

  TemporaryFolder folder_;
};

TEST_F(CommandTargetTest, GivesTheMessageOnStandardInputWithLf) {
  const auto target = shell("cat > \"$0\"");
  ASSERT_FALSE(give(*target).has_error());
  EXPECT_EQ(content(), "Subject: x\n\nbody\n");
  ASSERT_FALSE(target->commit().has_error());
}

TEST_F(CommandTargetTest, GivesEachMessageToAProgramOfItsOwn) {
  const auto target = shell("cat >> \"$0\"; echo $FERMO_DELIVERY_NAME >> \"$0\"");
  ASSERT_FALSE(give(*target, "a long one\r\n").has_error());
  ASSERT_FALSE(give(*target, "b\r\n").has_error());
  EXPECT_EQ(content(), "a long one\nfermo.1\nb\nfermo.1\n");
}

TEST_F(CommandTargetTest, GivesLargeMessagesToProgramsThatDoNotReadThem) {
  const auto target = shell("exit 0");
  EXPECT_FALSE(give(*target, std::string(1'000'000, 'x') + "\r\n").has_error());
  const auto counting = shell("wc -c > \"$0\"");
  EXPECT_FALSE(give(*counting, std::string(1'000'000, 'x') + "\r\n").has_error());
  EXPECT_EQ(content(), "1000001\n");
}

TEST_F(CommandTargetTest, StartsNothingForAMessageThatWasCutOff) {
  const auto target = shell("cat >> \"$0\"");
  ASSERT_FALSE(target->begin({"fermo.1", Octets{1}}).has_error());
  ASSERT_FALSE(target->append("half").has_error());
  target->abandon();
  EXPECT_FALSE(std::filesystem::exists(output()));
  ASSERT_FALSE(give(*target, "whole\r\n").has_error());
  EXPECT_EQ(content(), "whole\n");
}

TEST_F(CommandTargetTest, UnderstandsSysexits) {
  for (const auto& [status, error] : std::vector<std::pair<int, Error>>{{65, Error::refused},
                                                                        {67, Error::refused},
                                                                        {69, Error::refused},
                                                                        {77, Error::refused},
                                                                        {75, Error::deferred},
                                                                        {71, Error::deferred},
                                                                        {74, Error::deferred},
                                                                        {70, Error::deferred},
                                                                        {1, Error::deferred},
                                                                        {99, Error::deferred},
                                                                        {64, Error::misused},
                                                                        {78, Error::misused},
                                                                        {73, Error::misused},
                                                                        {127, Error::misused}}) {
    const auto target = shell("exit " + std::to_string(status));
    EXPECT_EQ(give(*target).error(), error) << status;
    EXPECT_THAT(target->explanation(), HasSubstr("ended with status " + std::to_string(status)));
  }
}

TEST_F(CommandTargetTest, PassesOnWhatTheProgramSaid) {
  const auto target = shell("printf 'no\\033such\\nuser' >&2; exit 67");
  EXPECT_EQ(give(*target).error(), Error::refused);
  EXPECT_EQ(target->explanation(), "/bin/sh ended with status 67: no such user");
  EXPECT_EQ(give(*target, "").error(), Error::refused);
  EXPECT_EQ(target->explanation(), "/bin/sh ended with status 67: no such user");
}

TEST_F(CommandTargetTest, DefersWhenTheProgramIsKilled) {
  const auto target = shell("kill -9 $$");
  EXPECT_EQ(give(*target).error(), Error::deferred);
  EXPECT_THAT(target->explanation(), HasSubstr("killed by signal 9"));
}

TEST_F(CommandTargetTest, KillsAProgramThatTakesTooLongWithAllItStarted) {
  const auto target = shell("(read forever < \"$0\"; echo survived) & wait", std::chrono::seconds(1));
  ASSERT_EQ(::mkfifo(output().c_str(), 0600), 0);
  EXPECT_EQ(give(*target).error(), Error::deferred);
  EXPECT_THAT(target->explanation(), HasSubstr("took too long"));
}

TEST_F(CommandTargetTest, SaysWhenThereIsNoSuchProgram) {
  const auto target = CommandTarget::open({{"/no/such/program"}, limits::command_time_max}).value();
  EXPECT_EQ(give(*target).error(), Error::misused);
  EXPECT_THAT(target->explanation(), StartsWith("/no/such/program could not be started"));
  EXPECT_EQ(CommandTarget::open({{}, limits::command_time_max}).error(), Error::misused);
}

TEST_F(CommandTargetTest, InvolvesNoShell) {
  const auto target =
      CommandTarget::open({{"tee", output().native() + "; touch x $(id)"}, limits::command_time_max}).value();
  ASSERT_FALSE(give(*target, "x\r\n").has_error());
  EXPECT_TRUE(std::filesystem::exists(output().native() + "; touch x $(id)"));
}

TEST_F(CommandTargetTest, CannotKnowWhatWasDelivered) {
  EXPECT_EQ(*shell("exit 0")->find("fermo.1"), fetch::Presence::unknown);
}

}  // namespace
}  // namespace fermo::fetcher
