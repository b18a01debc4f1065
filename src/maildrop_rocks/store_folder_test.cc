#include "maildrop_rocks/store_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <stdexcept>
#include <string>

#include <rocksdb/file_system.h>

namespace fermo::rocks {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class StoreFolderExamined : public testing::Test {
 protected:
  StoreFolderExamined() {
    std::string name = (std::filesystem::temp_directory_path() / "fermo-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder can be made");
    folder_ = name;
  }
  ~StoreFolderExamined() override { std::filesystem::remove_all(folder_); }

  void put(std::initializer_list<const char*> names) {
    for (const char* const name : names) std::ofstream(folder_ / name) << "x";
  }
  void put_current(const std::string& content) { std::ofstream(folder_ / "CURRENT") << content; }

  StoreFolder examined() {
    StoreFolder found;
    EXPECT_TRUE(examine_folder(*rocksdb::FileSystem::Default(), folder_.string(), found).ok());
    return found;
  }
  void expect_new() {
    const StoreFolder found = examined();
    EXPECT_TRUE(found.is_new);
    EXPECT_THAT(found.damage, IsEmpty());
  }
  void expect_damaged(const testing::Matcher<std::string>& text) {
    const StoreFolder found = examined();
    EXPECT_FALSE(found.is_new);
    EXPECT_THAT(found.damage, AllOf(text, HasSubstr("Nothing was changed. Restore the folder from a backup")));
  }

  std::filesystem::path folder_;
};

TEST_F(StoreFolderExamined, OneWithNothingInItIsNew) {
  expect_new();
}

TEST_F(StoreFolderExamined, WhatAFirstOpeningLeavesThatWasKilledIsNew) {
  put({"LOCK", "LOG", "LOG.old", "IDENTITY", "000000.dbtmp", "000001.dbtmp", "MANIFEST-000001", "lost+found"});
  expect_new();
}

TEST_F(StoreFolderExamined, AStoreIsNeitherNewNorDamaged) {
  put({"MANIFEST-000005", "000004.log", "000007.sst"});
  put_current("MANIFEST-000005\n");
  const StoreFolder found = examined();
  EXPECT_FALSE(found.is_new);
  EXPECT_THAT(found.damage, IsEmpty());
}

// A kill between making a list and naming it in CURRENT leaves this.
TEST_F(StoreFolderExamined, AListThatCurrentDoesNotNameYetIsNoDamage) {
  put({"MANIFEST-000005", "MANIFEST-000009"});
  put_current("MANIFEST-000005\n");
  EXPECT_THAT(examined().damage, IsEmpty());
}

TEST_F(StoreFolderExamined, AStoreWithoutCurrentIsDamagedWhateverElseItHas) {
  put({"IDENTITY", "LOCK", "000007.sst"});
  expect_damaged(AllOf(HasSubstr("CURRENT is missing"), HasSubstr("000007.sst"), Not(HasSubstr("put CURRENT back"))));
  put({"MANIFEST-000009", "MANIFEST-000012"});
  expect_damaged(AllOf(HasSubstr("put CURRENT back"), HasSubstr("MANIFEST-000012")));
}

TEST_F(StoreFolderExamined, AnyFileOfALaterOpeningIsEnough) {
  for (const char* const name : {"000004.log", "000007.blob", "MANIFEST-000004", "OPTIONS-000007", "checkpoint-1"}) {
    put({name});
    expect_damaged(HasSubstr(name));
    std::filesystem::remove(folder_ / name);
  }
}

TEST_F(StoreFolderExamined, ACurrentThatNamesNothingIsDamage) {
  put({"MANIFEST-000005"});
  for (const char* const content : {"", "\n", "MANIFEST-000005", "MANIFEST-\n", "000005.log\n", "MANIFEST-00000x\n"}) {
    put_current(content);
    expect_damaged(HasSubstr("CURRENT does not name a list of files"));
  }
  put_current("MANIFEST-000004\n");
  expect_damaged(AllOf(HasSubstr("MANIFEST-000004, is missing"), HasSubstr("which is MANIFEST-000005")));
}

}  // namespace
}  // namespace fermo::rocks
