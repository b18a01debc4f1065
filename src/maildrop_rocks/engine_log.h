#pragma once

#include <filesystem>
#include <memory>

namespace rocksdb {
class Logger;
}

namespace fermo::rocks {

/// What the engine notes for people who look into it: warnings and worse, in the file LOG of its folder. RocksDB's own
/// writer of this file aborts the process at the second line that it cannot write; here such lines are lost.
std::shared_ptr<rocksdb::Logger> engine_log(const std::filesystem::path& folder);

/// One that notes nothing.
std::shared_ptr<rocksdb::Logger> no_engine_log();

}  // namespace fermo::rocks
