#include "maildrop_rocks/read_only.h"

#include <memory>
#include <vector>

#include "maildrop_rocks/rocks_options.h"

namespace fermo::rocks {

rocksdb::Status with_read_only(const EngineSettings& settings, rocksdb::DBOptions options,
                               const std::function<rocksdb::Status(rocksdb::DB&)>& use) {
  options.create_missing_column_families = false;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::OpenForReadOnly(options, settings.path.string(), table_descriptors(settings), &handles, &opened);
  if (!status.ok()) return status;
  const std::unique_ptr<rocksdb::DB> database(opened);
  const rocksdb::Status used = use(*database);
  for (rocksdb::ColumnFamilyHandle* handle : handles) database->DestroyColumnFamilyHandle(handle);
  return used;
}

}  // namespace fermo::rocks
