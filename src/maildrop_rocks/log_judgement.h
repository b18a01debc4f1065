#pragma once

#include <string>

#include "maildrop_rocks/engine.h"

namespace rocksdb {
class Env;
class Status;
}  // namespace rocksdb

/// Included by engine sources only: everything else stays free of RocksDB's headers.
namespace fermo::rocks {

/// The rule of Engine::open: ok where the log is whole, or ends torn as a power cut leaves it; then `torn` says where.
/// Corrupt where stopping at the first damage would lose anything that is attested to have been on the disk. Changes
/// nothing.
rocksdb::Status judge_log(const EngineSettings& settings, rocksdb::Env& env, std::string& torn);

}  // namespace fermo::rocks
