#include "maildrop_rocks/status.h"

#include <gtest/gtest.h>
#include <rocksdb/status.h>

namespace fermo::rocks {
namespace {

using maildrop::Error;
using rocksdb::Status;

TEST(Status, AFullDiskKeepsNothingOfABatch) {
  EXPECT_EQ(commit_error_of(Status::NoSpace("While appending to file: 000004.log", "No space left on device")),
            Error::out_of_space);
}

TEST(Status, WhereOnlySyncingFindsItFullTheBatchMayBeThere) {
  EXPECT_EQ(commit_error_of(Status::NoSpace("While fdatasync: 000004.log", "No space left on device")), Error::unknown);
}

TEST(Status, AFailedWriteMayBeThere) {
  EXPECT_EQ(commit_error_of(Status::IOError("While appending to file: 000004.log", "Input/output error")),
            Error::unknown);
}

}  // namespace
}  // namespace fermo::rocks
