#include "fetcher/archive_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "base/limits.h"
#include "fetcher/command_target.h"
#include "fetcher/delivery_name.h"
#include "fetcher/faulty_file_ops.h"
#include "fetcher/maildir_target.h"
#include "fetcher/temporary_folder.h"

namespace fermo::fetcher {
namespace {

namespace fs = std::filesystem;
using fetch::Error;
using fetch::Presence;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The one frame in `compressed`, whose checksum is verified.
std::string decompressed(const std::string& compressed) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  std::string whole;
  ZSTD_inBuffer input{compressed.data(), compressed.size(), 0};
  for (std::size_t left = 1; left != 0;) {
    std::string piece(ZSTD_DStreamOutSize(), '\0');
    ZSTD_outBuffer output{piece.data(), piece.size(), 0};
    left = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(left) != 0 || (output.pos == 0 && input.pos == input.size && left != 0)) return "damaged";
    whole.append(piece, 0, output.pos);
  }
  return input.pos == input.size ? whole : "more than one frame";
}

class ArchiveTargetTest : public testing::Test {
 protected:
  fs::path folder() const { return temporary_.path() / "archive"; }
  fs::path maildir() const { return temporary_.path() / "Maildir"; }
  std::unique_ptr<ArchiveTarget> open(FileOps& ops = system_file_ops()) {
    return ArchiveTarget::open(folder(), MaildirTarget::open(maildir(), ops).value(), clock_, ops).value();
  }
  std::unique_ptr<ArchiveTarget> open_before(const std::string& script) {
    auto command = CommandTarget::open({{"/bin/sh", "-c", script}, limits::command_time_max}).value();
    return ArchiveTarget::open(folder(), std::move(command), clock_).value();
  }
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
  std::vector<fs::path> files() const {
    std::vector<fs::path> all;
    if (!fs::exists(folder())) return all;
    for (const auto& entry : fs::recursive_directory_iterator(folder())) {
      if (entry.is_regular_file()) all.push_back(fs::relative(entry.path(), folder()));
    }
    return all;
  }
  std::vector<std::string> copies() const {
    std::vector<std::string> all;
    for (const fs::path& file : files()) {
      if (file.native().starts_with("tmp")) continue;
      all.push_back(decompressed(content_of(folder() / file)));
    }
    return all;
  }
  std::vector<std::string> delivered() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(maildir() / "new")) all.push_back(content_of(entry.path()));
    return all;
  }

  TemporaryFolder temporary_;
  ManualClock clock_{Timestamp(std::chrono::sys_days(std::chrono::year(2034) / 2 / 3))};
};

TEST_F(ArchiveTargetTest, KeepsEveryMessageAsItCame) {
  const std::string content = "Subject: x\r\n\r\n.dot\r\nbare\rcr\xff\r\n";
  deliver(*open(), "fermo.1", content);
  EXPECT_THAT(copies(), ElementsAre(content));
  EXPECT_THAT(delivered(), ElementsAre("Subject: x\n\n.dot\nbare\rcr\xff\n"));
  ASSERT_EQ(files().size(), 1u);
  EXPECT_THAT(files().front().native(), testing::MatchesRegex("2034-02/fermo\\.1\\.[0-9a-f]{22}\\.eml\\.zst"));
}

TEST_F(ArchiveTargetTest, KeepsLargeMessagesAndManyAndEmptyOnes) {
  const auto target = open();
  std::string large;
  while (large.size() < 1'000'000) large += "line " + std::to_string(large.size() * 2'654'435'761U) + "\r\n";
  ASSERT_FALSE(give(*target, "fermo.large", large).has_error());
  ASSERT_FALSE(give(*target, "fermo.empty", "").has_error());
  std::vector<std::string> expected{large, ""};
  for (std::size_t i = 0; i < limits::uncommitted_messages_max + 5; ++i) {
    expected.push_back(std::to_string(i) + "\r\n");
    ASSERT_FALSE(give(*target, "fermo." + std::to_string(i), expected.back()).has_error());
  }
  ASSERT_FALSE(target->commit().has_error());
  EXPECT_THAT(copies(), testing::UnorderedElementsAreArray(expected));
}

TEST_F(ArchiveTargetTest, HasAMessageOnceAndTwoOfOneNameBoth) {
  for (int run = 0; run < 2; ++run) {
    const auto target = open();
    for (const char* content : {"one\r\n", "two\r\n", "one\r\n"}) deliver(*target, "fermo.1", content);
  }
  EXPECT_THAT(copies(), UnorderedElementsAre("one\r\n", "two\r\n"));
  EXPECT_THAT(delivered(), UnorderedElementsAre("one\n", "two\n"));
}

TEST_F(ArchiveTargetTest, LeavesNothingOfWhatWasCutOffOrNotCommitted) {
  {
    const auto target = open();
    ASSERT_FALSE(target->begin({"fermo.1", Octets{1}}).has_error());
    ASSERT_FALSE(target->append("half of").has_error());
    target->abandon();
    ASSERT_FALSE(target->commit().has_error());
    ASSERT_FALSE(give(*target, "fermo.2", "x\r\n").has_error());
    ASSERT_FALSE(target->begin({"fermo.3", Octets{1}}).has_error());
  }
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_THAT(delivered(), IsEmpty());
}

TEST_F(ArchiveTargetTest, FindsOnlyWhatBothHave) {
  deliver(*open(), "fermo.1", "x\r\n");
  deliver(*MaildirTarget::open(maildir()).value(), "fermo.2", "y\r\n");
  const auto target = open();
  EXPECT_EQ(*target->find("fermo.1"), Presence::present);
  EXPECT_EQ(*target->find("fermo.2"), Presence::absent);
  EXPECT_EQ(*target->find("fermo.3"), Presence::absent);
  deliver(*target, "fermo.2", "y\r\n");
  EXPECT_EQ(*open()->find("fermo.2"), Presence::present);
  EXPECT_EQ(delivered().size(), 2u);
}

TEST_F(ArchiveTargetTest, LeavesItToTheTargetWhatIsPresent) {
  deliver(*MaildirTarget::open(maildir()).value(), "fermo.1", "x\r\n");
  const auto target = open();
  EXPECT_EQ(*target->find("fermo.1"), Presence::absent);
  EXPECT_EQ(*target->presence("fermo.1"), Presence::present);
  EXPECT_EQ(*target->presence("fermo.2"), Presence::absent);
}

TEST_F(ArchiveTargetTest, KeepsNoHeads) {
  const auto target = open();
  ASSERT_FALSE(target->begin({"fermo.1", Octets{100}, false}).has_error());
  ASSERT_FALSE(target->append("Subject: x\r\n\r\n").has_error());
  ASSERT_FALSE(target->end().has_error());
  ASSERT_FALSE(target->commit().has_error());
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_EQ(delivered().size(), 1u);
}

TEST_F(ArchiveTargetTest, KeepsNothingThatTheTargetDoesNotTake) {
  const auto target = open_before("cat > /dev/null; exit 65");
  EXPECT_EQ(give(*target, "fermo.1", "x\r\n").error(), Error::refused);
  EXPECT_THAT(target->explanation(), HasSubstr("ended with status 65"));
  ASSERT_FALSE(target->commit().has_error());
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(ArchiveTargetTest, SaysThatItIsTheArchiveThatFails) {
  FaultyFileOps full(FaultyFileOps::Fault::disk_full, 3);  // after both folders were made
  fs::create_directory(folder());
  fs::create_directory(folder() / "tmp");
  auto command = CommandTarget::open({{"true"}, limits::command_time_max}).value();
  const auto target = ArchiveTarget::open(folder(), std::move(command), clock_, full).value();
  EXPECT_EQ(give(*target, "fermo.1", "x\r\n").error(), Error::out_of_space);
  EXPECT_THAT(target->explanation(), HasSubstr("the archive " + folder().native()));
}

TEST_F(ArchiveTargetTest, SaysWhenThePlaceIsWrong) {
  std::ofstream(temporary_.path() / "file") << "x";
  for (const fs::path& wrong : {temporary_.path() / "file", temporary_.path() / "no/parent"}) {
    EXPECT_EQ(ArchiveTarget::open(wrong, nullptr, clock_).error(), Error::misused);
  }
}

/// Around a Maildir, with a step before each record; whatever is recorded must be in the archive.
class ArchiveKilled : public ArchiveTargetTest {
 protected:
  using Fault = FaultyFileOps::Fault;

  static std::map<std::string, std::string> contents() {
    std::map<std::string, std::string> all;
    for (const char* key : {"a", "b", "c"}) {
      all[delivery_name("anna", key, Octets{9})] = std::string("Subject: ") + key + "\r\n\r\nbody\r\n";
    }
    return all;
  }

  int run(FaultyFileOps& ops) {
    auto inner = MaildirTarget::open(maildir(), ops);
    if (!inner) return 1;
    auto target = ArchiveTarget::open(folder(), std::move(*inner), clock_, ops);
    if (!target) return 1;
    std::size_t given = 0;
    for (const auto& [name, content] : contents()) {
      if (give(**target, name, content).has_error()) return 1;
      if (++given % 2 == 0 && (*target)->commit().has_error()) return 1;
    }
    return (*target)->commit().has_error() || ops.step().has_error() ? 1 : 0;
  }

  /// Nothing is delivered that the archive does not hold, and all it holds is whole.
  void check_order(unsigned at) {
    std::vector<std::string> kept = copies();
    for (const std::string& copy : kept) ASSERT_NE(copy, "damaged") << at;
    if (!fs::exists(maildir() / "cur")) return;
    for (std::string& copy : kept) std::erase(copy, '\r');
    for (const std::string& message : delivered()) ASSERT_THAT(kept, testing::Contains(message)) << at;
  }

  void at_every_step(Fault fault, int status, unsigned steps_least) {
    std::vector<std::string> expected;
    for (const auto& [name, content] : contents()) expected.push_back(content);
    unsigned at = 1;
    for (;; ++at) {
      fs::remove_all(folder());
      fs::remove_all(maildir());
      const int ended = in_child([&] {
        FaultyFileOps ops(fault, at);
        return run(ops);
      });
      if (ended == 0 && fault != Fault::disk_full) break;
      check_order(at);
      FaultyFileOps none(Fault::none, 0);
      ASSERT_EQ(run(none), 0) << at;
      ASSERT_THAT(copies(), testing::UnorderedElementsAreArray(expected)) << at;
      ASSERT_EQ(delivered().size(), expected.size()) << at;
      if (fault == Fault::disk_full && at > none.count()) break;
      if (fault != Fault::disk_full) {
        ASSERT_EQ(ended, status) << at;
      }
    }
    EXPECT_GE(at, steps_least);
  }
};

TEST_F(ArchiveKilled, AtEveryStepNothingIsDeliveredThatIsNotKept) {
  at_every_step(Fault::killed_before, FaultyFileOps::killed, 40);
  at_every_step(Fault::killed_halfway, FaultyFileOps::killed, 40);
}

TEST_F(ArchiveKilled, WithAFullDiskAtAnyStepNothingIsDeliveredThatIsNotKept) {
  at_every_step(Fault::disk_full, 1, 40);
}

TEST_F(ArchiveKilled, WithOctetsLostAtAnySyncNoCommitSucceedsWithoutThem) {
  unsigned lost = 0;
  for (unsigned at = 1; at <= 40; ++at) {
    fs::remove_all(folder());
    fs::remove_all(maildir());
    FaultyFileOps ops(Fault::octets_lost, at);
    const auto target = open(ops);
    for (const auto& [name, content] : contents()) ASSERT_FALSE(give(*target, name, content).has_error());
    if (target->commit().has_error()) {
      ++lost;
      EXPECT_TRUE(target->commit().has_error()) << at;
      EXPECT_TRUE(give(*target, "fermo.1", "x\r\n").has_error()) << at;
    }
    check_order(at);
    FaultyFileOps none(Fault::none, 0);
    ASSERT_EQ(run(none), 0) << at;
    ASSERT_EQ(copies().size(), contents().size()) << at;
    ASSERT_EQ(delivered().size(), contents().size()) << at;
  }
  EXPECT_EQ(lost, 2 * contents().size()) << "the copies, and what they are of";
}

}  // namespace
}  // namespace fermo::fetcher
