#pragma once

#include <functional>

#include <rocksdb/db.h>

#include "maildrop_rocks/engine.h"

/// Included by engine sources only: everything else stays free of RocksDB's headers.
namespace fermo::rocks {

/// Opens the database at `settings.path` without changing anything in it, its log replayed as `options` say, and hands
/// it to `use`. It is closed on return. What `use` says is returned when opening went well.
rocksdb::Status with_read_only(const EngineSettings& settings, rocksdb::DBOptions options,
                               const std::function<rocksdb::Status(rocksdb::DB&)>& use);

}  // namespace fermo::rocks
