#pragma once

#include "maildrop_rocks/engine.h"

namespace rocksdb {
class Env;
class Status;
}  // namespace rocksdb

/// Included by engine sources only: everything else stays free of RocksDB's headers.
namespace fermo::rocks {

/// Of a database with damage in its log: whether anything that is attested to have been on the disk would be lost by
/// stopping at the first damage. Changes nothing.
bool acknowledged_mail_is_hit(const EngineSettings& settings, rocksdb::Env& env);

/// The rule of Engine::open, for a database that is not to be opened now: ok where the log is whole or ends torn as a
/// power cut leaves it, corrupt where opening would refuse it. Changes nothing.
rocksdb::Status judge_log(const EngineSettings& settings, rocksdb::Env& env);

}  // namespace fermo::rocks
