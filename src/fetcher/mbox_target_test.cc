#include "fetcher/mbox_target.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "fetcher/delivery_name.h"
#include "fetcher/faulty_file_ops.h"
#include "fetcher/mbox_scan.h"
#include "fetcher/temporary_folder.h"

namespace fermo::fetcher {
namespace {

namespace fs = std::filesystem;
using fetch::Error;
using fetch::Presence;

class MboxTargetTest : public testing::Test {
 protected:
  fs::path path() const { return temporary_.path() / "mbox"; }
  fs::path journal() const { return temporary_.path() / "journal"; }
  Result<std::unique_ptr<MboxTarget>> try_open(bool look_back = true, FileOps& ops = system_file_ops()) {
    return MboxTarget::open(path(), {look_back, journal()}, clock_, ops);
  }
  std::unique_ptr<MboxTarget> open(bool look_back = true) { return try_open(look_back).value(); }

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
  std::string content() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(std::string_view text) { std::ofstream(path(), std::ios::binary) << text; }

  TemporaryFolder temporary_;
  ManualClock clock_{Timestamp(std::chrono::sys_days(std::chrono::year(2030) / 1 / 1) + std::chrono::hours(10))};
};

TEST_F(MboxTargetTest, AppendsWithQuotingAndABlankLine) {
  const auto target = open();
  deliver(*target, "fermo.1", "Subject: x\r\n\r\nFrom me\r\n>From you\r\n");
  deliver(*target, "fermo.2", "Subject: y\r\n\r\n");
  EXPECT_EQ(content(),
            "From fermo.1.32 Tue Jan  1 10:00:00 2030\nSubject: x\n\n>From me\n>>From you\n\n"
            "From fermo.2.12 Tue Jan  1 10:00:00 2030\nSubject: y\n\n\n");
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_FALSE(fs::exists(path().native() + ".lock"));
}

TEST_F(MboxTargetTest, KeepsWhatIsThereAndPutsABlankLineAfterIt) {
  const auto delivered = std::string("From fermo.1.2 Tue Jan  1 10:00:00 2030\nx\n\n");
  for (const auto& [there, expected] :
       std::vector<std::pair<std::string, std::string>>{{"From a b\nx", "From a b\nx\n\n"},
                                                        {"From a b\nx\n", "From a b\nx\n\n"},
                                                        {"From a b\nx\n\n", "From a b\nx\n\n"}}) {
    write(there);
    deliver(*open(), "fermo.1", "x\r\n");
    EXPECT_EQ(content(), expected + delivered);
  }
}

TEST_F(MboxTargetTest, ShowsNothingBeforeTheCommitAndNothingOfWhatWasCutOff) {
  const auto target = open();
  ASSERT_FALSE(target->begin({"fermo.1", Octets{1}}).has_error());
  ASSERT_FALSE(target->append("half of").has_error());
  target->abandon();
  ASSERT_FALSE(give(*target, "fermo.2", "x\r\n").has_error());
  EXPECT_EQ(content(), "");
  ASSERT_FALSE(target->commit().has_error());
  EXPECT_EQ(content(), "From fermo.2.2 Tue Jan  1 10:00:00 2030\nx\n\n");
}

TEST_F(MboxTargetTest, HasAMessageOnceHoweverOftenItIsGiven) {
  for (int run = 0; run < 3; ++run) {
    const auto target = open();
    deliver(*target, "fermo.1", "x\r\n");
    deliver(*target, "fermo.2", "y\r\n");
  }
  EXPECT_EQ(content(), "From fermo.1.2 Tue Jan  1 10:00:00 2030\nx\n\nFrom fermo.2.2 Tue Jan  1 10:00:00 2030\ny\n\n");
}

TEST_F(MboxTargetTest, FindsWhatIsThereEvenAfterAMailProgramAddedFields) {
  deliver(*open(), "fermo.1", "x\r\n");
  std::string changed = content();
  changed.insert(changed.find("x\n"), "Status: RO\n");
  write("From other Tue Jan  1 10:00:00 2030\nFrom fermo.9.1 in the body\n\n" + changed);
  const auto target = open();
  EXPECT_EQ(*target->find("fermo.1"), Presence::present);
  EXPECT_EQ(*target->find("fermo.9"), Presence::absent);
  EXPECT_EQ(*target->find("fermo."), Presence::absent);
  const std::string before = content();
  deliver(*target, "fermo.1", "x\r\n");
  EXPECT_EQ(content(), before);
}

TEST_F(MboxTargetTest, DoesNotLookBackUnlessItIsAsked) {
  deliver(*open(), "fermo.1", "x\r\n");
  const std::string once = content();
  deliver(*open(false), "fermo.1", "x\r\n");
  EXPECT_EQ(content(), once + once);
}

TEST_F(MboxTargetTest, KeepsTwoMessagesOfOneNameAndSizeThatCameTogether) {
  for (int run = 0; run < 2; ++run) {
    const auto target = open();
    deliver(*target, "fermo.1", "x\r\n");
    deliver(*target, "fermo.1", "y\r\n");
  }
  EXPECT_EQ(content(), "From fermo.1.2 Tue Jan  1 10:00:00 2030\nx\n\nFrom fermo.1.2 Tue Jan  1 10:00:00 2030\ny\n\n");
}

TEST_F(MboxTargetTest, WritesLargeMessagesInPieces) {
  std::string wire;
  std::string expected;
  for (int i = 0; i < 30'000; ++i) {
    wire += "From " + std::to_string(i) + "\r\n";
    expected += ">From " + std::to_string(i) + "\n";
  }
  deliver(*open(), "fermo.1", wire);
  EXPECT_EQ(content().substr(content().find('\n') + 1), expected + "\n");
}

TEST_F(MboxTargetTest, RefusesWhatIsNoMbox) {
  write("something else\n");
  EXPECT_EQ(try_open().error(), Error::not_ours);
  EXPECT_EQ(content(), "something else\n");
  fs::remove(path());
  fs::create_directory(path());
  EXPECT_EQ(try_open().error(), Error::misused);
}

TEST_F(MboxTargetTest, RefusesToAppendToWhatHasBecomeSomethingElse) {
  const auto target = open();
  write("something else\n");
  ASSERT_FALSE(give(*target, "fermo.1", "x\r\n").has_error());
  EXPECT_EQ(target->commit().error(), Error::not_ours);
  EXPECT_EQ(content(), "something else\n");
}

TEST_F(MboxTargetTest, WaitsForTheLockFileOfAnotherProgram) {
  const auto target = open();
  ASSERT_FALSE(give(*target, "fermo.1", "x\r\n").has_error());
  const fs::path lock = path().native() + ".lock";
  std::ofstream(lock) << "0";
  bool committed = false;
  std::thread delivery([&] { committed = !target->commit().has_error(); });
  // The delivery leaves its own file beside the lock while it waits.
  const auto waits = [&] {
    for (const auto& entry : fs::directory_iterator(temporary_.path())) {
      if (entry.path().filename().native().starts_with("mbox.lock.")) return true;
    }
    return false;
  };
  while (!waits()) std::this_thread::yield();
  EXPECT_EQ(content(), "");
  fs::remove(lock);
  delivery.join();
  EXPECT_TRUE(committed);
  EXPECT_EQ(content(), "From fermo.1.2 Tue Jan  1 10:00:00 2030\nx\n\n");
}

TEST_F(MboxTargetTest, WaitsForTheRecordLockOfAnotherProgram) {
  const auto target = open();
  ASSERT_FALSE(give(*target, "fermo.1", "x\r\n").has_error());
  int ready[2];
  int release[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(release), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const int file = ::open(path().c_str(), O_RDWR);
    struct flock whole{};
    whole.l_type = F_WRLCK;
    char octet = ::fcntl(file, F_SETLK, &whole) == 0 ? 'y' : 'n';
    if (::write(ready[1], &octet, 1) != 1 || ::read(release[0], &octet, 1) != 1) ::_exit(1);
    ::_exit(0);
  }
  char octet = 0;
  ASSERT_EQ(::read(ready[0], &octet, 1), 1);
  ASSERT_EQ(octet, 'y');
  bool committed = false;
  std::thread delivery([&] { committed = !target->commit().has_error(); });
  while (!fs::exists(path().native() + ".lock")) std::this_thread::yield();
  EXPECT_EQ(content(), "");
  ASSERT_EQ(::write(release[1], &octet, 1), 1);
  delivery.join();
  EXPECT_TRUE(committed);
  int status = 0;
  ::waitpid(child, &status, 0);
  for (const int end : {ready[0], ready[1], release[0], release[1]}) ::close(end);
}

TEST_F(MboxTargetTest, TakesAwayTheLockFileOfAProcessThatDied) {
  EXPECT_EQ(in_child([&] {
              // Steps: the file beside the lock, its content, its sync, the link, its removal.
              FaultyFileOps ops(FaultyFileOps::Fault::killed_before, 6);
              return try_open(true, ops) ? 0 : 1;
            }),
            FaultyFileOps::killed);
  EXPECT_TRUE(fs::exists(path().native() + ".lock"));
  deliver(*open(), "fermo.1", "x\r\n");
  EXPECT_FALSE(fs::exists(path().native() + ".lock"));
}

/// A disk that makes nothing of one file durable.
class UnsyncedFile final : public FileOps {
 public:
  Result<void> sync(int descriptor) override {
    struct stat status{};
    if (::fstat(descriptor, &status) == 0 && status.st_ino == inode) return Error::unavailable;
    return FileOps::sync(descriptor);
  }
  ino_t inode = 0;
};

TEST_F(MboxTargetTest, KeepsItsJournalUntilTheEndThatWasTakenBackIsDurable) {
  UnsyncedFile ops;
  const auto target = try_open(true, ops).value();
  deliver(*target, "fermo.1", "x\r\n");
  const std::string before = content();
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  ops.inode = status.st_ino;
  ASSERT_FALSE(give(*target, "fermo.2", "y\r\n").has_error());
  EXPECT_EQ(target->commit().error(), Error::unavailable);
  EXPECT_GT(fs::file_size(journal()), 0U);
  write(before + "From fermo.2.2 Tue Jan  1 10:00:00 2030\n");  // as a power cut may have it
  open();
  EXPECT_EQ(content(), before);
  EXPECT_EQ(fs::file_size(journal()), 0U);
}

/// What a process has left behind that was killed while it appended fermo.3 and fermo.4 to an mbox with two messages.
class MboxLeft : public MboxTargetTest {
 protected:
  static constexpr const char* date = " Tue Jan  1 10:00:00 2030\n";

  void SetUp() override {
    const auto target = open();
    deliver(*target, "fermo.1", "Subject: one\r\n\r\nx\r\n");
    deliver(*target, "fermo.2", "Subject: two\r\n\r\ny\r\n");
    before_ = content();
    third_ = std::string("From fermo.3.900") + date + std::string(899, 'z') + "\n\n";
    fourth_ = std::string("From fermo.4.900") + date + std::string(899, 'z') + "\n\n";
    const std::uint64_t end = before_.size();
    const Descriptor file(::open(path().c_str(), O_RDWR | O_CLOEXEC));
    auto opened = MboxJournal::open(journal(), system_file_ops()).value();
    const MboxJournal::Append append{
        end,
        third_.size() + fourth_.size(),
        {{.tag = "fermo.3.900", .begin = end}, {.tag = "fermo.4.900", .begin = end + third_.size()}}};
    ASSERT_FALSE(opened.begin(file.get(), append).has_error());
  }

  void expect_cut(const std::string& left) {
    write(before_ + left);
    const auto target = open();
    EXPECT_EQ(content(), before_);
    EXPECT_EQ(*target->find("fermo.2"), Presence::present);
    EXPECT_EQ(*target->find("fermo.3"), Presence::absent);
  }

  /// What was recorded before counts; what the append may not have made durable is fetched again.
  void expect_left_alone(const std::string& all) {
    write(all);
    for (int run = 0; run < 2; ++run) {
      const auto target = open();
      EXPECT_EQ(content(), all);
      EXPECT_EQ(*target->find("fermo.1"), Presence::present);
      EXPECT_EQ(*target->find("fermo.3"), Presence::absent);
    }
    deliver(*open(), "fermo.3", "w\r\n");
    EXPECT_TRUE(content().starts_with(all));
    EXPECT_TRUE(content().ends_with(std::string("From fermo.3.2") + date + "w\n\n"));
    EXPECT_EQ(*open()->find("fermo.3"), Presence::present);
  }

  std::string before_;
  std::string third_;
  std::string fourth_;
};

TEST_F(MboxLeft, IsTakenAway) {
  for (const std::string& left : {std::string(), third_.substr(0, 5), third_.substr(0, 400), third_, third_ + fourth_,
                                  third_ + fourth_.substr(0, 500)}) {
    SetUp();
    expect_cut(left);
  }
}

TEST_F(MboxLeft, IsTakenAwayWhereItsOctetsWereLostWithThePower) {
  const std::string torn = third_.substr(0, 9) + std::string(third_.size() - 9, '\0');
  for (const std::string& left : {std::string(third_.size() + fourth_.size(), '\0'), torn + fourth_}) {
    SetUp();
    expect_cut(left);
  }
}

TEST_F(MboxLeft, IsLeftAloneWhereAnotherProgramHasAppended) {
  expect_left_alone(before_ + third_.substr(0, 300) + "\n\nFrom other now\nx\n\n");
}

TEST_F(MboxLeft, IsLeftAloneWhereAnotherProgramHasAppendedWithoutABlankLine) {
  expect_left_alone(before_ + third_.substr(0, 300) + "\nFrom other now\nx\n\n");
}

TEST_F(MboxLeft, IsLeftAloneWhereAnotherProgramHasAppendedToLostOctets) {
  expect_left_alone(before_ + std::string(300, '\0') + "From other now\nx\n\n");
}

/// The end that the journal names is in the middle of the second message then.
TEST_F(MboxLeft, IsLeftAloneWhereAMailProgramHasAddedFields) {
  std::string added = before_ + third_.substr(0, 300);
  for (const char* subject : {"Subject: one\n", "Subject: two\n"}) {
    added.insert(added.find(subject), "Status: RO\nX-Status: A\n");
  }
  expect_left_alone(added);
}

TEST_F(MboxLeft, IsLeftAloneWhereAMailProgramHasRemovedAMessage) {
  expect_left_alone(before_.substr(0, before_.find("From fermo.2")) + third_ + fourth_);
}

TEST_F(MboxLeft, IsLeftAloneWhereTheJournalHasTheEarlierForm) {
  std::ofstream(journal()) << "fermo mbox journal 1: " << before_.size() << " " << third_.size() << ".";
  write(before_ + third_);
  const auto target = open();
  EXPECT_EQ(content(), before_ + third_);
  EXPECT_EQ(*target->find("fermo.3"), Presence::absent);
}

TEST_F(MboxTargetTest, CountsWhateverIsLeftOfAMessageAsPresent) {
  const auto target = open();
  deliver(*target, "fermo.1", "one\r\ntwo\r\n");
  deliver(*target, "fermo.2", "x\r\n");
  EXPECT_EQ(*target->presence("fermo.2"), Presence::present);
  deliver(*target, "fermo.3", "x\r\n");
  EXPECT_EQ(*target->presence("fermo.3"), Presence::present) << "also when it came after the first look";
  std::string changed = content();
  changed.erase(changed.find("two\n"), 4);
  write(changed);
  EXPECT_EQ(*open()->find("fermo.1"), Presence::absent);
  EXPECT_EQ(*open()->presence("fermo.1"), Presence::present);
  changed.erase(changed.find("\nFrom fermo.2"), 1);
  write(changed);
  EXPECT_EQ(*open()->find("fermo.2"), Presence::absent);
  EXPECT_EQ(*open()->presence("fermo.2"), Presence::present);
  EXPECT_EQ(*open()->presence("fermo.4"), Presence::absent);
}

TEST_F(MboxTargetTest, TakesNothingAwayWithoutAJournalThatSaysSo) {
  const std::string shortened = "From fermo.1.900 Tue Jan  1 10:00:00 2030\nshortened by a mail program\n\n";
  write(shortened);
  deliver(*open(), "fermo.3", "y\r\n");
  EXPECT_EQ(content(), shortened + "From fermo.3.2 Tue Jan  1 10:00:00 2030\ny\n\n");
}

TEST_F(MboxTargetTest, HasTheMarkOfItsFolder) {
  const std::string mark = *open()->mark();
  fs::remove(path());
  EXPECT_EQ(*open()->mark(), mark);
}

class MboxKilled : public MboxTargetTest {
 protected:
  using Fault = FaultyFileOps::Fault;

  static std::string message(const std::string& key) { return "Subject: " + key + "\r\n\r\nFrom body\r\n"; }
  static std::string entry(const std::string& key) {
    return "From " + delivery_name("anna", key, Octets{9}) + ".23 Tue Jan  1 10:00:00 2030\nSubject: " + key +
           "\n\n>From body\n\n";
  }
  const std::string other_ = "From other now\nno end";

  int run(FaultyFileOps& ops) {
    auto target = try_open(true, ops);
    if (!target) return 1;
    int given = 0;
    for (const char* key : {"a", "b", "c", "d"}) {
      if (give(**target, delivery_name("anna", key, Octets{9}), message(key)).has_error()) return 1;
      if (++given % 2 == 0 && (*target)->commit().has_error()) return 1;
    }
    return ops.step().has_error() ? 1 : 0;
  }

  void expect_each_once(unsigned at) {
    const std::string all = content();
    EXPECT_EQ(all, other_ + "\n\n" + entry("a") + entry("b") + entry("c") + entry("d")) << at;
  }
};

TEST_F(MboxKilled, AtEveryStepTheRerunEndsWithEachMessageOnce) {
  for (const Fault fault : {Fault::killed_before, Fault::killed_halfway}) {
    for (unsigned at = 1;; ++at) {
      fs::remove(journal());
      write(other_);
      const int ended = in_child([&] {
        FaultyFileOps ops(fault, at);
        return run(ops);
      });
      if (ended == 0) {
        EXPECT_GE(at, 40u);
        break;
      }
      ASSERT_EQ(ended, FaultyFileOps::killed) << at;
      FaultyFileOps none(Fault::none, 0);
      ASSERT_EQ(run(none), 0) << at;
      expect_each_once(at);
      if (HasFailure()) return;
    }
  }
}

TEST_F(MboxKilled, ACommitThatFailedAndIsTriedAgainAppendsNothingTwice) {
  unsigned failed = 0;
  for (unsigned at = 1; at <= 60; ++at) {
    fs::remove(journal());
    write(other_);
    FaultyFileOps ops(Fault::disk_full, at);
    auto target = try_open(true, ops);
    if (!target || give(**target, delivery_name("anna", "a", Octets{9}), message("a")).has_error()) continue;
    if ((*target)->commit().has_error()) {
      ++failed;
      ASSERT_FALSE((*target)->commit().has_error()) << at;
    }
    EXPECT_EQ(content(), other_ + "\n\n" + entry("a")) << at;
  }
  EXPECT_GE(failed, 5u);
}

TEST_F(MboxKilled, WithOctetsLostAtAnySyncTheyAreWrittenAnew) {
  unsigned lost = 0;
  for (unsigned at = 1; at <= 60; ++at) {
    fs::remove(journal());
    write(other_);
    FaultyFileOps ops(Fault::octets_lost, at);
    auto target = try_open(true, ops);
    if (!target) continue;
    ASSERT_FALSE(give(**target, delivery_name("anna", "a", Octets{9}), message("a")).has_error());
    if ((*target)->commit().has_error()) {
      ++lost;
      ASSERT_FALSE((*target)->commit().has_error()) << at;
    }
    EXPECT_EQ(content(), other_ + "\n\n" + entry("a")) << at;
  }
  EXPECT_GE(lost, 3u);
}

TEST_F(MboxKilled, WithAFullDiskAtAnyStepNothingIsLeftOfWhatFailed) {
  FaultyFileOps counted(Fault::none, 0);
  write(other_);
  ASSERT_EQ(run(counted), 0);
  for (unsigned at = 1; at <= counted.count(); ++at) {
    for (const Fault fault : {Fault::disk_full, Fault::disk_full_halfway}) {
      fs::remove(journal());
      write(other_);
      in_child([&] {
        FaultyFileOps ops(fault, at);
        return run(ops);
      });
      FaultyFileOps none(Fault::none, 0);
      ASSERT_EQ(run(none), 0) << at;
      expect_each_once(at);
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace fermo::fetcher
