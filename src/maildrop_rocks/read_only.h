#pragma once

#include <functional>
#include <vector>

#include <rocksdb/db.h>

#include "maildrop_rocks/engine.h"

/// Included by engine sources only: everything else stays free of RocksDB's headers.
namespace fermo::rocks {

/// Opens the database at `settings.path` without changing anything in it, its log replayed as `options` say, and hands
/// it to `use`, with its tables in their order. It is closed on return. What `use` says is returned when opening went
/// well.
using ReadOnlyTables = std::vector<rocksdb::ColumnFamilyHandle*>;
rocksdb::Status with_read_only(const EngineSettings& settings, rocksdb::DBOptions options,
                               const std::function<rocksdb::Status(rocksdb::DB&, const ReadOnlyTables&)>& use);

}  // namespace fermo::rocks
