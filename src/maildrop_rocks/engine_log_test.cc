#include "maildrop_rocks/engine_log.h"

#include <stdlib.h>

#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <rocksdb/env.h>

namespace fermo::rocks {
namespace {

using testing::HasSubstr;
using testing::Not;

class EngineLogTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "fermo-log-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string text() const {
    std::ifstream file(folder_ / "LOG");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path folder_;
};

TEST_F(EngineLogTest, KeepsWarningsAndWhatIsWorse) {
  const auto log = engine_log(folder_);
  rocksdb::Warn(log, "number %d", 7);
  rocksdb::Error(log, "as bad as that");
  rocksdb::Info(log, "nothing special");
  EXPECT_THAT(text(), HasSubstr("number 7\n"));
  EXPECT_THAT(text(), HasSubstr("as bad as that\n"));
  EXPECT_THAT(text(), Not(HasSubstr("nothing special")));
}

TEST_F(EngineLogTest, CutsWhatIsTooLong) {
  rocksdb::Warn(engine_log(folder_), "%s", std::string(5'000, 'x').c_str());
  EXPECT_EQ(text().size(), 1024u);
  EXPECT_TRUE(text().ends_with("xx\n"));
}

TEST_F(EngineLogTest, GoesOnWhereTheLastOneEnded) {
  rocksdb::Warn(engine_log(folder_), "first");
  rocksdb::Warn(engine_log(folder_), "second");
  EXPECT_THAT(text(), HasSubstr("first\n"));
  EXPECT_THAT(text(), HasSubstr("second\n"));
}

TEST_F(EngineLogTest, WhatCannotBeWrittenIsLost) {
  const auto log = engine_log(folder_ / "not there");
  rocksdb::Warn(log, "lost");
  rocksdb::Warn(log, "lost as well");
  EXPECT_EQ(text(), "");
}

}  // namespace
}  // namespace fermo::rocks
