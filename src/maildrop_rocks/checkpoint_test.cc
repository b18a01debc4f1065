#include "maildrop_rocks/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "maildrop_rocks/backup_folder.h"
#include "maildrop_rocks/internal.h"
#include "maildrop_rocks/test_store.h"

namespace fermo::rocks {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CheckpointTest : public StoreFolderTest {
 protected:
  void delete_first() {
    const MessageNumber first = MessageNumber::at_index(0);
    store_->open(anna_).value()->commit_deletions({&first, 1}).value();
  }

  /// What a restored backup of this checkpoint holds.
  std::vector<std::string> mail_of(const maildrop::Checkpoint& checkpoint) {
    const fs::path folder = root_ / ("backups-of-" + checkpoint.name());
    fs::create_directory(folder);
    const auto number = make_backup(root_ / "store" / checkpoint.name(), folder, "").value();
    const fs::path path = root_ / ("store-of-" + checkpoint.name());
    BackupFolder::open(folder).value().restore(number, path).value();
    return mail_in(path);
  }

  std::vector<std::string> checkpoints() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(root_ / "store")) {
      if (entry.is_directory()) names.push_back(entry.path().filename());
    }
    return names;
  }
};

TEST_F(CheckpointTest, KeepsWhatTheStoreHasDeletedAndCompactedSince) {
  deliver(message('a'));
  Internal::flush(*store_);
  deliver(message('b'));
  const auto checkpoint = store_->take_checkpoint().value();
  delete_first();
  delete_first();
  deliver(message('c'));
  Internal::flush(*store_);
  Internal::compact(*store_);
  EXPECT_THAT(mail_of(*checkpoint), ElementsAre(message('a'), message('b')));
}

TEST_F(CheckpointTest, SeveralStandSideBySide) {
  deliver(message('a'));
  const auto first = store_->take_checkpoint().value();
  deliver(message('b'));
  const auto second = store_->take_checkpoint().value();
  EXPECT_THAT(mail_of(*second), ElementsAre(message('a'), message('b')));
  EXPECT_THAT(mail_of(*first), ElementsAre(message('a')));
}

TEST_F(CheckpointTest, LeavesNothingInTheFolderOfTheStore) {
  deliver(message('a'));
  {
    const auto checkpoint = store_->take_checkpoint().value();
    EXPECT_THAT(checkpoints(), ElementsAre(checkpoint->name()));
  }
  EXPECT_THAT(checkpoints(), IsEmpty());
}

TEST_F(CheckpointTest, WhatAKilledProcessLeftIsRemovedByTheNextOpening) {
  deliver(message('a'));
  {
    const auto checkpoint = store_->take_checkpoint().value();
    fs::copy(root_ / "store" / checkpoint->name(), root_ / "store/checkpoint-7");
    fs::copy(root_ / "store" / checkpoint->name(), root_ / "store/checkpoint-8.tmp");
  }
  store_.reset();
  store_ = open(root_ / "store");
  EXPECT_THAT(checkpoints(), IsEmpty());
  EXPECT_THAT(said_, IsEmpty());
  EXPECT_THAT(mail_of(*store_->take_checkpoint().value()), ElementsAre(message('a')));
}

TEST_F(CheckpointTest, OneThatCannotBeRemovedIsSaid) {
  std::string name;
  {
    const auto checkpoint = store_->take_checkpoint().value();
    name = checkpoint->name();
    fs::create_directory(root_ / "store" / name / "foreign");
  }
  EXPECT_THAT(said_, HasSubstr(name + ", which cannot be removed now"));
}

}  // namespace
}  // namespace fermo::rocks
