#include "maildrop_rocks/read_only.h"

#include <memory>

#include "maildrop_rocks/rocks_options.h"

namespace fermo::rocks {

rocksdb::Status with_read_only(const EngineSettings& settings, rocksdb::DBOptions options,
                               const std::function<rocksdb::Status(rocksdb::DB&, const ReadOnlyTables&)>& use) {
  options.create_missing_column_families = false;
  ReadOnlyTables tables;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::OpenForReadOnly(options, settings.path.string(), table_descriptors(settings), &tables, &opened);
  if (!status.ok()) return status;
  const std::unique_ptr<rocksdb::DB> database(opened);
  const rocksdb::Status used = use(*database, tables);
  for (rocksdb::ColumnFamilyHandle* table : tables) database->DestroyColumnFamilyHandle(table);
  return used;
}

}  // namespace fermo::rocks
