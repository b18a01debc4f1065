#include "crash/newer_version.h"

#include <stdexcept>
#include <vector>

#include <rocksdb/db.h>

#include "maildrop_rocks/merge_operators.h"

namespace fermo::crash {

void add_table_of_a_newer_version(const std::filesystem::path& store) {
  rocksdb::Options options;
  std::vector<std::string> names;
  rocksdb::DB::ListColumnFamilies(options, store.string(), &names).PermitUncheckedError();
  std::vector<rocksdb::ColumnFamilyDescriptor> tables;
  for (const std::string& name : names) {
    rocksdb::ColumnFamilyOptions table;
    if (name == "default") table.merge_operator = rocks::greatest_merge();
    if (name == "drops") table.merge_operator = rocks::drop_change_merge();
    tables.emplace_back(name, table);
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  if (!rocksdb::DB::Open(options, store.string(), tables, &handles, &opened).ok()) {
    throw std::runtime_error("the store does not open");
  }
  const std::unique_ptr<rocksdb::DB> database(opened);
  rocksdb::ColumnFamilyHandle* added = nullptr;
  database->CreateColumnFamily(rocksdb::ColumnFamilyOptions(), "index-2", &added).PermitUncheckedError();
  handles.push_back(added);
  for (rocksdb::ColumnFamilyHandle* handle : handles) database->DestroyColumnFamilyHandle(handle);
}

}  // namespace fermo::crash
