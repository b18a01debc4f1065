#pragma once

#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include "maildrop_rocks/engine.h"

/// Included by engine sources only: everything else stays free of RocksDB's headers.
namespace fermo::rocks {

rocksdb::DBOptions database_options(const EngineSettings& settings, rocksdb::Env& env);
std::vector<rocksdb::ColumnFamilyDescriptor> table_descriptors(const EngineSettings& settings);

}  // namespace fermo::rocks
