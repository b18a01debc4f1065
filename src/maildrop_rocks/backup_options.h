#pragma once

#include <filesystem>
#include <string>

#include <rocksdb/utilities/backup_engine.h>

#include "maildrop_rocks/backup_folder.h"
#include "maildrop_rocks/engine.h"

/// Included by the sources about backups only: everything else stays free of RocksDB's headers.
namespace fermo::rocks {

/// How the folder at `path` is written and read.
rocksdb::BackupEngineOptions backup_options(const std::string& path);

/// For a database that is looked at where it lies.
EngineSettings settings_to_read(const std::filesystem::path& path);

/// `what` did not work, and why.
BackupFailure backup_failure(const std::string& what, const rocksdb::Status& status);

}  // namespace fermo::rocks
