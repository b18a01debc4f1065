#include "maildrop_rocks/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "maildrop_rocks/backup_folder.h"
#include "maildrop_rocks/internal.h"
#include "maildrop_rocks/rocks_maildrop.h"

namespace fermo::rocks {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() {
    std::string name = (fs::temp_directory_path() / "fermo-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder can be made");
    root_ = name;
    open();
  }
  ~CheckpointTest() override {
    store_.reset();
    fs::remove_all(root_);
  }

  void open() {
    Settings settings;
    settings.path = root_ / "store";
    settings.clock = &clock_;
    settings.log = [this](Severity, std::string_view line) { said_ += line; };
    store_ = RocksMaildrop::open(settings).value();
  }

  void deliver(const std::string& wire) {
    auto delivery = store_->begin_delivery().value();
    delivery->append(wire).value();
    const Octets octets{wire.size()};
    const maildrop::Recipient recipient{anna_, "", std::nullopt};
    delivery->finish({octets, octets, octets}, {&recipient, 1}, clock_.now()).value();
  }

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
    Settings settings;
    settings.path = path;
    settings.clock = &clock_;
    const auto restored = RocksMaildrop::open(settings).value();
    const auto snapshot = restored->open(anna_).value();
    std::vector<std::string> mail;
    for (std::uint64_t n = 0; n < snapshot->drop_listing().messages; ++n) {
      const auto cursor = snapshot->read(MessageNumber::at_index(n)).value();
      std::string piece;
      for (mail.emplace_back(); cursor->next(piece).value();) mail.back() += piece;
    }
    return mail;
  }

  std::vector<std::string> checkpoints() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(root_ / "store")) {
      if (entry.is_directory()) names.push_back(entry.path().filename());
    }
    return names;
  }

  ManualClock clock_;
  const DropId anna_ = *DropId::from("anna");
  fs::path root_;
  std::string said_;
  std::unique_ptr<RocksMaildrop> store_;
};

std::string message(char letter) {
  return std::string(20'000, letter) + "\r\n";
}

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
  open();
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
