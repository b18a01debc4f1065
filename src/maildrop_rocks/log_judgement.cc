#include "maildrop_rocks/log_judgement.h"

#include <functional>

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include "maildrop_rocks/read_only.h"
#include "maildrop_rocks/rocks_options.h"
#include "maildrop_rocks/wal_check.h"

namespace fermo::rocks {
namespace {

using rocksdb::WALRecoveryMode;

void look_at_nothing(rocksdb::DB& /*database*/) {}

/// Replays the log without changing anything; `look` is handed the database as it then stands.
rocksdb::Status replay(const EngineSettings& settings, rocksdb::Env& env, WALRecoveryMode mode, WalCheck& check,
                       const std::function<void(rocksdb::DB&)>& look) {
  rocksdb::DBOptions options = database_options(settings, env);
  options.wal_recovery_mode = mode;
  options.wal_filter = check.filter();
  return with_read_only(settings, options, [&look](rocksdb::DB& database) {
    look(database);
    return rocksdb::Status::OK();
  });
}

}  // namespace

bool acknowledged_mail_is_hit(const EngineSettings& settings, rocksdb::Env& env) {
  WalCheck attestations(WalCheck::Mode::attestations, env.GetFileSystem());
  if (!replay(settings, env, WALRecoveryMode::kSkipAnyCorruptedRecords, attestations, look_at_nothing).ok())
    return true;
  WalCheck continuity(WalCheck::Mode::continuity, env.GetFileSystem());
  std::uint64_t recoverable = 0;
  const auto note = [&recoverable](rocksdb::DB& database) { recoverable = database.GetLatestSequenceNumber(); };
  if (!replay(settings, env, WALRecoveryMode::kPointInTimeRecovery, continuity, note).ok()) return true;
  return attestations.attested() > recoverable;
}

rocksdb::Status judge_log(const EngineSettings& settings, rocksdb::Env& env) {
  WalCheck continuity(WalCheck::Mode::continuity, env.GetFileSystem());
  rocksdb::Status strict =
      replay(settings, env, WALRecoveryMode::kTolerateCorruptedTailRecords, continuity, look_at_nothing);
  if (strict.IsCorruption() && !acknowledged_mail_is_hit(settings, env)) return rocksdb::Status::OK();
  return strict;
}

}  // namespace fermo::rocks
