#include "fetcher/maildir_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "base/limits.h"
#include "fetcher/delivery_name.h"
#include "fetcher/faulty_file_ops.h"
#include "fetcher/temporary_folder.h"

namespace fermo::fetcher {
namespace {

namespace fs = std::filesystem;
using fetch::Error;
using fetch::Presence;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().native());
  return names;
}

class MaildirTargetTest : public testing::Test {
 protected:
  fs::path folder() const { return temporary_.path() / "Maildir"; }
  std::unique_ptr<MaildirTarget> open() { return MaildirTarget::open(folder()).value(); }
  static Result<void> give(fetch::Target& target, const std::string& name, std::string_view content) {
    if (auto begun = target.begin({name, Octets{content.size()}}); !begun) return begun;
    for (std::size_t at = 0; at < content.size(); at += 7) {
      if (auto appended = target.append(content.substr(at, 7)); !appended) return appended;
    }
    return target.end();
  }
  static void deliver(fetch::Target& target, const std::string& name, std::string_view content) {
    ASSERT_FALSE(give(target, name, content).has_error());
    ASSERT_FALSE(target.commit().has_error());
  }
  std::vector<std::string> messages() const {
    std::vector<std::string> contents;
    for (const char* part : {"new", "cur"}) {
      for (const std::string& name : files_in(folder() / part)) contents.push_back(content_of(folder() / part / name));
    }
    return contents;
  }

  TemporaryFolder temporary_;
};

TEST_F(MaildirTargetTest, MakesAMaildirForItsUserOnly) {
  open();
  for (const char* part : {"tmp", "new", "cur", "."}) {
    struct stat status{};
    ASSERT_EQ(::stat((folder() / part).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U) << part;
  }
}

TEST_F(MaildirTargetTest, DeliversWithLfUnderTheGivenName) {
  const auto target = open();
  deliver(*target, "fermo.1", "Subject: x\r\n\r\n.dot\r\nbare\rcr\r\n");
  EXPECT_THAT(files_in(folder() / "new"), ElementsAre("fermo.1"));
  EXPECT_EQ(content_of(folder() / "new/fermo.1"), "Subject: x\n\n.dot\nbare\rcr\n");
  struct stat status{};
  ASSERT_EQ(::stat((folder() / "new/fermo.1").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(MaildirTargetTest, ShowsNothingBeforeTheCommit) {
  const auto target = open();
  ASSERT_FALSE(give(*target, "fermo.1", "x\r\n").has_error());
  EXPECT_THAT(messages(), IsEmpty());
}

TEST_F(MaildirTargetTest, LeavesNothingOfWhatWasCutOffOrNotCommitted) {
  {
    const auto target = open();
    ASSERT_FALSE(target->begin({"fermo.1", Octets{1}}).has_error());
    ASSERT_FALSE(target->append("half of").has_error());
    target->abandon();
    ASSERT_FALSE(target->commit().has_error());
    ASSERT_FALSE(give(*target, "fermo.2", "x\r\n").has_error());
    ASSERT_FALSE(target->begin({"fermo.3", Octets{1}}).has_error());
  }
  EXPECT_THAT(messages(), IsEmpty());
  EXPECT_THAT(files_in(folder() / "tmp"), IsEmpty());
}

TEST_F(MaildirTargetTest, HasAMessageOnceHoweverOftenItIsGiven) {
  for (int run = 0; run < 3; ++run) {
    const auto target = open();
    deliver(*target, "fermo.1", "x\r\n");
    deliver(*target, "fermo.1", "x\r\n");
  }
  EXPECT_THAT(messages(), ElementsAre("x\n"));
}

TEST_F(MaildirTargetTest, FindsWhatAReaderHasMovedToCur) {
  deliver(*open(), "fermo.1", "x\r\n");
  fs::rename(folder() / "new/fermo.1", folder() / "cur/fermo.1:2,RS");
  const auto target = open();
  EXPECT_EQ(*target->find("fermo.1"), Presence::present);
  EXPECT_EQ(*target->find("fermo.2"), Presence::absent);
  deliver(*target, "fermo.1", "x\r\n");
  EXPECT_THAT(messages(), ElementsAre("x\n"));
}

TEST_F(MaildirTargetTest, FindsWhatAnotherProgramHasPutFieldsInTheNameOf) {
  deliver(*open(), "fermo.1", "x\r\n");
  fs::rename(folder() / "new/fermo.1", folder() / "cur/fermo.1,U=1:2,S");
  const auto target = open();
  EXPECT_EQ(*target->find("fermo.1"), Presence::present);
  deliver(*target, "fermo.1", "x\r\n");
  EXPECT_THAT(messages(), ElementsAre("x\n"));
}

TEST_F(MaildirTargetTest, TakesWhatCannotBeReadForNothingThatAReaderHasMoved) {
  fs::create_directory(folder());
  for (const char* part : {"tmp", "new", "cur"}) fs::create_directory(folder() / part);
  fs::create_symlink("fermo.1", folder() / "new/fermo.1");  // a loop
  const auto target = open();
  ASSERT_FALSE(give(*target, "fermo.1", "x\r\n").has_error());
  EXPECT_EQ(target->commit().error(), Error::misused);
}

TEST_F(MaildirTargetTest, FindsWhatItDeliveredItselfWhereverAReaderHasMovedIt) {
  const auto target = open();
  EXPECT_EQ(target->find("fermo.1").value(), Presence::absent);
  EXPECT_EQ(target->find("fermo.2").value(), Presence::absent);
  deliver(*target, "fermo.1", "one\r\n");
  deliver(*target, "fermo.2", "two\r\n");
  fs::rename(folder() / "new/fermo.1", folder() / "cur/fermo.1:2,S");
  EXPECT_EQ(target->find("fermo.1").value(), Presence::present);
  EXPECT_EQ(target->find("fermo.2").value(), Presence::present);
  EXPECT_EQ(target->find("fermo.3").value(), Presence::absent);
  deliver(*target, "fermo.1", "one\r\n");
  EXPECT_THAT(messages(), UnorderedElementsAre("one\n", "two\n"));
}

TEST_F(MaildirTargetTest, LosesNoMessageThatTheServerGaveTheNameOfAnother) {
  for (int run = 0; run < 2; ++run) {
    const auto target = open();
    for (const char* content : {"one\r\n", "two\r\n", "three\r\n"}) deliver(*target, "fermo.1", content);
  }
  EXPECT_THAT(messages(), UnorderedElementsAre("one\n", "two\n", "three\n"));
  fs::rename(folder() / "new/fermo.1-2", folder() / "cur/fermo.1-2:2,S");
  const auto target = open();
  EXPECT_EQ(*target->find("fermo.1"), Presence::present);
  deliver(*target, "fermo.1", "two\r\n");
  EXPECT_THAT(messages(), SizeIs(3));
}

TEST_F(MaildirTargetTest, CommitsManyAtOnce) {
  const auto target = open();
  constexpr std::size_t many = limits::uncommitted_messages_max * 2 + 3;
  for (std::size_t i = 0; i < many; ++i) {
    ASSERT_FALSE(give(*target, "fermo." + std::to_string(i), std::to_string(i) + "\r\n").has_error());
  }
  ASSERT_FALSE(target->commit().has_error());
  EXPECT_THAT(messages(), SizeIs(many));
}

TEST_F(MaildirTargetTest, LeavesTheFirstNamesUntilThereIsTime) {
  const auto target = open();
  deliver(*target, "fermo.1", "one\r\n");
  EXPECT_THAT(files_in(folder() / "tmp"), SizeIs(1));
  target->tidy();
  EXPECT_THAT(files_in(folder() / "tmp"), IsEmpty());
  deliver(*target, "fermo.2", "two\r\n");
  deliver(*target, "fermo.3", "three\r\n");
  EXPECT_THAT(files_in(folder() / "tmp"), SizeIs(1)) << "each batch removes those of the one before";
  EXPECT_THAT(messages(), UnorderedElementsAre("one\n", "two\n", "three\n"));
}

TEST_F(MaildirTargetTest, LeavesNothingInTmpWhenItIsDone) {
  deliver(*open(), "fermo.1", "one\r\n");
  EXPECT_THAT(files_in(folder() / "tmp"), IsEmpty());
  EXPECT_THAT(messages(), UnorderedElementsAre("one\n"));
}

TEST_F(MaildirTargetTest, WritesLargeMessagesInPieces) {
  const auto target = open();
  std::string content;
  for (int i = 0; i < 30'000; ++i) content += "line " + std::to_string(i) + "\r\n";
  deliver(*target, "fermo.1", content);
  std::string expected;
  for (int i = 0; i < 30'000; ++i) expected += "line " + std::to_string(i) + "\n";
  EXPECT_EQ(content_of(folder() / "new/fermo.1"), expected);
}

TEST_F(MaildirTargetTest, RemovesOldLeftoversOfItsOwnOnly) {
  open();
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(37);
  for (const char* name : {"fermo.old", "other.old", "fermo.young"}) {
    std::ofstream(folder() / "tmp" / name) << "x";
    if (std::string_view(name) != "fermo.young") fs::last_write_time(folder() / "tmp" / name, old);
  }
  open();
  EXPECT_THAT(files_in(folder() / "tmp"), UnorderedElementsAre("other.old", "fermo.young"));
}

TEST_F(MaildirTargetTest, KeepsItsMarkUntilItIsMadeAnew) {
  const std::string mark = *open()->mark();
  EXPECT_FALSE(mark.empty());
  EXPECT_EQ(*open()->mark(), mark);
  EXPECT_THAT(files_in(folder() / "tmp"), IsEmpty());
  fs::remove_all(folder());
  EXPECT_NE(*open()->mark(), mark);
}

TEST_F(MaildirTargetTest, SaysWhenThePlaceIsWrong) {
  std::ofstream(temporary_.path() / "file") << "x";
  EXPECT_EQ(MaildirTarget::open(temporary_.path() / "file").error(), Error::misused);
  EXPECT_EQ(MaildirTarget::open(temporary_.path() / "no/parent").error(), Error::misused);
}

/// Two sessions' worth of messages in groups, as an account delivers them, with a step before each record.
class MaildirKilled : public MaildirTargetTest {
 protected:
  using Fault = FaultyFileOps::Fault;

  static std::map<std::string, std::string> contents() {
    std::map<std::string, std::string> all;
    for (const char* key : {"a", "b", "c", "d"}) {
      all[delivery_name("anna", key, Octets{9})] = std::string("Subject: ") + key + "\r\n\r\nbody\r\n";
    }
    return all;
  }

  /// 0 when everything was delivered.
  int run(FaultyFileOps& ops) {
    auto target = MaildirTarget::open(folder(), ops);
    if (!target) return 1;
    std::size_t given = 0;
    for (const auto& [name, content] : contents()) {
      if (give(**target, name, content).has_error()) return 1;
      if (++given % 2 == 0 && (*target)->commit().has_error()) return 1;
    }
    return (*target)->mark().has_error() || ops.step().has_error() ? 1 : 0;
  }

  std::vector<std::string> expected() const {
    std::vector<std::string> all;
    for (const auto& [name, content] : contents()) {
      std::string lf = content;
      std::erase(lf, '\r');
      all.push_back(lf);
    }
    return all;
  }

  /// Runs with the fault at every step in turn, then again without; returns how many steps there are.
  unsigned at_every_step(Fault fault, int status) {
    for (unsigned at = 1;; ++at) {
      fs::remove_all(folder());
      const int ended = in_child([&] {
        FaultyFileOps ops(fault, at);
        return run(ops);
      });
      if (ended == 0) return at - 1;
      EXPECT_EQ(ended, status) << at;
      // Whatever is visible is whole.
      if (fs::exists(folder() / "cur")) {
        for (const std::string& message : messages()) EXPECT_THAT(expected(), testing::Contains(message)) << at;
      }
      FaultyFileOps none(Fault::none, 0);
      EXPECT_EQ(run(none), 0) << at;
      EXPECT_THAT(messages(), testing::UnorderedElementsAreArray(expected())) << at;
      if (HasFailure()) return at;
    }
  }
};

TEST_F(MaildirKilled, AtEveryStepTheRerunEndsWithEachMessageOnce) {
  EXPECT_GE(at_every_step(Fault::killed_before, FaultyFileOps::killed), 25u);
  at_every_step(Fault::killed_halfway, FaultyFileOps::killed);
}

TEST_F(MaildirKilled, WithAFullDiskAtAnyStepTheRerunEndsWithEachMessageOnce) {
  FaultyFileOps counted(Fault::none, 0);
  ASSERT_EQ(run(counted), 0);
  for (unsigned at = 1; at <= counted.count(); ++at) {
    for (const Fault fault : {Fault::disk_full, Fault::disk_full_halfway}) {
      fs::remove_all(folder());
      FaultyFileOps ops(fault, at);
      run(ops);
      FaultyFileOps none(Fault::none, 0);
      ASSERT_EQ(run(none), 0) << at;
      ASSERT_THAT(messages(), testing::UnorderedElementsAreArray(expected())) << at;
    }
  }
}

TEST_F(MaildirKilled, WithOctetsLostAtAnySyncNoCommitSucceedsWithoutThem) {
  FaultyFileOps counted(Fault::none, 0);
  ASSERT_EQ(run(counted), 0);
  unsigned lost = 0;
  for (unsigned at = 1; at <= counted.count(); ++at) {
    fs::remove_all(folder());
    FaultyFileOps ops(Fault::octets_lost, at);
    auto target = MaildirTarget::open(folder(), ops).value();
    for (const auto& [name, content] : contents()) ASSERT_FALSE(give(*target, name, content).has_error());
    if (target->commit().has_error()) {
      ++lost;
      EXPECT_TRUE(target->commit().has_error()) << at;
      EXPECT_TRUE(give(*target, "fermo.1", "x\r\n").has_error()) << at;
      EXPECT_THAT(files_in(folder() / "tmp"), IsEmpty()) << at;
    }
    FaultyFileOps none(Fault::none, 0);
    ASSERT_EQ(run(none), 0) << at;
    ASSERT_THAT(messages(), testing::UnorderedElementsAreArray(expected())) << at;
  }
  EXPECT_EQ(lost, contents().size());
}

}  // namespace
}  // namespace fermo::fetcher
