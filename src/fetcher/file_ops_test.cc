#include "fetcher/file_ops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "fetcher/temporary_folder.h"

namespace fermo::fetcher {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class RecordingFileOps final : public FileOps {
 public:
  Result<void> sync_folder(const fs::path& folder) override {
    synced.push_back(folder);
    return FileOps::sync_folder(folder);
  }
  std::vector<fs::path> synced;
};

TEST(MakeFolders, EachHasADurableEntryInTheOneAboveAlsoWhereItWasThere) {
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "there";
  fs::create_directory(folder);
  RecordingFileOps ops;
  ASSERT_FALSE(make_folders(folder / "a/b", ops).has_error());
  EXPECT_THAT(ops.synced, ElementsAre(temporary.path(), folder, folder / "a"));
  ops.synced.clear();
  ASSERT_FALSE(make_folders(folder / "a/b", ops).has_error());
  EXPECT_THAT(ops.synced, ElementsAre(folder / "a"));
}

}  // namespace
}  // namespace fermo::fetcher
