#include "maildrop_rocks/backup_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <span>
#include <thread>

#include "maildrop/error.h"
#include "maildrop_rocks/backup_options.h"
#include "maildrop_rocks/internal.h"
#include "maildrop_rocks/read_only.h"
#include "maildrop_rocks/rocks_options.h"
#include "maildrop_rocks/test_store.h"

namespace fermo::rocks {
namespace {

namespace fs = std::filesystem;
using maildrop::Error;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class BackupFolderTest : public StoreFolderTest {
 protected:
  BackupNumber back_up(const std::string& note = "") {
    const auto checkpoint = store_->take_checkpoint().value();
    return make_backup(root_ / "store" / checkpoint->name(), folder_, note).value();
  }
  /// Octets of the log that is there go bad, on the disk alone.
  void damage_log(const fs::path& store) {
    for (const auto& file : fs::directory_iterator(store)) {
      if (file.path().extension() != ".log" || file.file_size() == 0) continue;
      std::fstream octets(file.path(), std::ios::in | std::ios::out | std::ios::binary);
      octets.seekp(static_cast<std::streamoff>(file.file_size() / 2));
      octets << "damage";
    }
  }

  /// A store that was killed with five messages in its log.
  fs::path killed_store() {
    for (const char letter : {'a', 'b', 'c', 'd', 'e'}) deliver(message(letter));
    while (!copied_at_a_standstill(root_ / "store", root_ / "killed")) fs::remove_all(root_ / "killed");
    return root_ / "killed";
  }

  /// Whether no file came or went meanwhile: the store tidies up in the background.
  static bool copied_at_a_standstill(const fs::path& from, const fs::path& to) {
    const auto names = [&] {
      std::set<fs::path> found;
      for (const auto& file : fs::directory_iterator(from)) found.insert(file.path());
      return found;
    };
    const auto before = names();
    std::error_code error;
    fs::copy(from, to, error);
    return !error && names() == before;
  }

  BackupFolder folder() { return BackupFolder::open(folder_).value(); }

  std::set<fs::path> shared_files() {
    std::set<fs::path> files;
    for (const auto& file : fs::directory_iterator(fs::path(folder_) / "shared_checksum")) files.insert(file.path());
    return files;
  }

  const std::string folder_ = (root_ / "backups").string();
};

TEST_F(BackupFolderTest, EachBackupHoldsTheMailOfItsMoment) {
  deliver(message('a'));
  EXPECT_EQ(back_up("first"), 1u);
  deliver(message('b'));
  EXPECT_EQ(back_up("second"), 2u);
  const auto backups = folder().backups();
  ASSERT_THAT(backups, SizeIs(2));
  EXPECT_EQ(backups[0].note, "first");
  EXPECT_EQ(backups[1].note, "second");
  folder().restore(1, root_ / "one").value();
  folder().restore(2, root_ / "two").value();
  EXPECT_THAT(mail_in(root_ / "one"), ElementsAre(message('a')));
  EXPECT_THAT(mail_in(root_ / "two"), ElementsAre(message('a'), message('b')));
}

TEST_F(BackupFolderTest, AFileThatHasNotChangedIsCopiedOnce) {
  deliver(message('a'));
  Internal::flush(*store_);
  back_up();
  const auto before = shared_files();
  EXPECT_THAT(before, testing::Not(IsEmpty()));
  deliver(message('b'));
  Internal::flush(*store_);
  back_up();
  const auto after = shared_files();
  EXPECT_GT(after.size(), before.size());
  EXPECT_TRUE(std::ranges::includes(after, before));
}

TEST_F(BackupFolderTest, TheNewestAreKeptAndCanBeRestored) {
  for (const char letter : {'a', 'b', 'c'}) {
    deliver(message(letter));
    back_up();
  }
  keep_newest_backups(folder_, 2).value();
  const auto backups = folder().backups();
  ASSERT_THAT(backups, SizeIs(2));
  EXPECT_EQ(backups[0].number, 2u);
  folder().verify(2).value();
  EXPECT_EQ(folder().verify(1).error().code, Error::unavailable);
  folder().restore(2, root_ / "two").value();
  EXPECT_THAT(mail_in(root_ / "two"), ElementsAre(message('a'), message('b')));
  EXPECT_EQ(back_up(), 4u);
}

TEST_F(BackupFolderTest, AFlippedBitInAnyFileIsNoticed) {
  deliver(message('a'));
  Internal::flush(*store_);
  deliver(message('b'));
  back_up();
  folder().verify(1).value();
  for (const auto& file : fs::recursive_directory_iterator(folder_)) {
    if (!file.is_regular_file() || file.file_size() == 0 || file.path().parent_path().filename() == "meta") continue;
    const auto flip = [&] {
      std::fstream octets(file.path(), std::ios::in | std::ios::out | std::ios::binary);
      const auto at = static_cast<std::streamoff>(file.file_size() / 2);
      octets.seekg(at);
      const char octet = static_cast<char>(octets.get());
      octets.seekp(at);
      octets.put(static_cast<char>(octet ^ 0x10));
    };
    flip();
    const auto verified = folder().verify(1);
    ASSERT_TRUE(verified.has_error()) << file.path();
    EXPECT_EQ(verified.error().code, Error::corrupt) << file.path();
    EXPECT_THAT(verified.error().text, HasSubstr("backup 1 in " + folder_ + " is damaged"));
    const auto restored = folder().restore(1, root_ / "bad");
    ASSERT_TRUE(restored.has_error()) << file.path();
    EXPECT_EQ(restored.error().code, Error::corrupt) << file.path();
    fs::remove_all(root_ / "bad");
    flip();
  }
  folder().verify(1).value();
}

TEST_F(BackupFolderTest, OctetsOfTheLogThatWentBadOnTheDiskAreNotMissedInABackup) {
  for (const char letter : {'a', 'b', 'c', 'd', 'e'}) deliver(message(letter));
  damage_log(root_ / "store");
  back_up();
  folder().restore(1, root_ / "one").value();
  EXPECT_THAT(mail_in(root_ / "one"), SizeIs(5));
}

TEST_F(BackupFolderTest, NoBackupIsMadeOfALogThatWouldNotOpen) {
  back_up();
  const fs::path killed = killed_store();
  damage_log(killed);
  const auto made = make_backup(killed, folder_, "");
  ASSERT_TRUE(made.has_error());
  EXPECT_EQ(made.error().code, Error::corrupt);
  EXPECT_THAT(made.error().text, HasSubstr("would not open again"));
  EXPECT_THAT(folder().backups(), SizeIs(1));
}

TEST_F(BackupFolderTest, OneWithALogThatWouldNotOpenIsDamagedWhateverItsChecksumsSay) {
  const fs::path killed = killed_store();
  damage_log(killed);
  EngineSettings settings = settings_to_read(killed);
  rocksdb::DBOptions options = database_options(settings, *rocksdb::Env::Default());
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  const auto done = with_read_only(settings, options, [&](rocksdb::DB& database, const ReadOnlyTables&) {
    rocksdb::BackupEngine* backups = nullptr;
    const rocksdb::Status opened = rocksdb::BackupEngine::Open(backup_options(folder_), database.GetEnv(), &backups);
    if (!opened.ok()) return opened;
    return rocksdb::Status(std::unique_ptr<rocksdb::BackupEngine>(backups)->CreateNewBackup(&database));
  });
  ASSERT_TRUE(done.ok()) << done.ToString();
  const auto verified = folder().verify(1);
  ASSERT_TRUE(verified.has_error());
  EXPECT_EQ(verified.error().code, Error::corrupt);
  remove_backup(folder_, 1).value();
  EXPECT_THAT(folder().backups(), IsEmpty());
  EXPECT_THAT(shared_files(), IsEmpty());
}

TEST_F(BackupFolderTest, VerifyingWritesNothing) {
  deliver(message('a'));
  back_up();
  std::set<fs::path> before;
  for (const auto& file : fs::recursive_directory_iterator(folder_)) before.insert(file.path());
  folder().verify(1).value();
  std::set<fs::path> after;
  for (const auto& file : fs::recursive_directory_iterator(folder_)) after.insert(file.path());
  EXPECT_EQ(after, before);
}

TEST_F(BackupFolderTest, WhatACutOffBackupLeftIsRemovedByTheNext) {
  deliver(message('a'));
  back_up();
  const fs::path half = fs::path(folder_) / "private/2";
  fs::create_directories(half);
  std::ofstream(half / "MANIFEST-000005.tmp") << "half";
  const fs::path stray = fs::path(folder_) / "shared_checksum/000099_s1_5.sst.tmp";
  std::ofstream(stray) << "half";
  deliver(message('b'));
  EXPECT_EQ(back_up(), 2u);
  EXPECT_FALSE(fs::exists(half / "MANIFEST-000005.tmp"));
  EXPECT_FALSE(fs::exists(stray));
  folder().verify(1).value();
  folder().verify(2).value();
}

TEST_F(BackupFolderTest, AFolderThatCannotBeMadeIsNamed) {
  const auto checkpoint = store_->take_checkpoint().value();
  const auto made = make_backup(root_ / "store" / checkpoint->name(), root_ / "no/such/folder", "");
  ASSERT_TRUE(made.has_error());
  EXPECT_THAT(made.error().text, HasSubstr("no/such/folder"));
  EXPECT_TRUE(BackupFolder::open(root_ / "none").has_error());
}

TEST_F(BackupFolderTest, ACheckpointThatHasGoneIsSaid) {
  const auto made = make_backup(root_ / "store/checkpoint-9", folder_, "");
  ASSERT_TRUE(made.has_error());
  EXPECT_EQ(made.error().code, Error::unavailable);
  EXPECT_THAT(made.error().text, HasSubstr("checkpoint-9 is not there"));
  EXPECT_EQ(back_up(), 1u);
}

TEST_F(BackupFolderTest, MailThatComesMeanwhileIsInTheBackupWhollyOrNotAtAll) {
  deliver(message('a'));
  std::jthread delivering([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) deliver(message('m'));
  });
  for (int n = 0; n < 3; ++n) back_up();
  delivering.request_stop();
  delivering.join();
  const auto all = mail_in(*store_);
  std::size_t before = 1;
  for (const auto& backup : folder().backups()) {
    const fs::path restored = root_ / std::to_string(backup.number);
    folder().restore(backup.number, restored).value();
    const auto mail = mail_in(restored);
    ASSERT_GE(mail.size(), before);
    ASSERT_LE(mail.size(), all.size());
    EXPECT_TRUE(std::ranges::equal(mail, std::span(all).first(mail.size())));
    before = mail.size();
  }
}

}  // namespace
}  // namespace fermo::rocks
