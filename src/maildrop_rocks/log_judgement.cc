#include "maildrop_rocks/log_judgement.h"

#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include "maildrop_rocks/attestation.h"
#include "maildrop_rocks/read_only.h"
#include "maildrop_rocks/records.h"
#include "maildrop_rocks/rocks_options.h"
#include "maildrop_rocks/wal_check.h"

namespace fermo::rocks {
namespace {

using rocksdb::WALRecoveryMode;

using Look = std::function<void(rocksdb::DB&, const ReadOnlyTables&)>;

void look_at_nothing(rocksdb::DB& /*database*/, const ReadOnlyTables& /*tables*/) {}

/// Replays the log without changing anything; `look` is handed the database as it then stands.
rocksdb::Status replay(const EngineSettings& settings, rocksdb::Env& env, WALRecoveryMode mode, WalCheck& check,
                       const Look& look) {
  rocksdb::DBOptions options = database_options(settings, env);
  options.wal_recovery_mode = mode;
  options.wal_filter = check.filter();
  return with_read_only(settings, options, [&look](rocksdb::DB& database, const ReadOnlyTables& tables) {
    look(database, tables);
    return rocksdb::Status::OK();
  });
}

/// What is left where the log is read up to the first damage.
struct Recoverable {
  std::uint64_t sequence = 0;
  LogMark mark = 0;             ///< 0 in a store of an earlier version.
  std::uint64_t first_log = 0;  ///< The number of the oldest log that is needed.
};

std::optional<Recoverable> recoverable(const EngineSettings& settings, rocksdb::Env& env) {
  WalCheck continuity(WalCheck::Mode::continuity, env.GetFileSystem());
  Recoverable left;
  const auto look = [&left](rocksdb::DB& database, const ReadOnlyTables& tables) {
    left.sequence = database.GetLatestSequenceNumber();
    std::string value;
    rocksdb::ColumnFamilyHandle* const meta = tables.at(static_cast<std::size_t>(Table::meta));
    if (database.Get(rocksdb::ReadOptions(), meta, std::string(log_mark_key), &value).ok()) {
      left.mark = decode_log_mark(value).value_or(0);
    }
  };
  if (!replay(settings, env, WALRecoveryMode::kPointInTimeRecovery, continuity, look).ok()) return std::nullopt;
  left.first_log = continuity.first_log();
  return left;
}

rocksdb::Status search(rocksdb::FileSystem& files, const std::string& path, AttestationSearch& found) {
  std::unique_ptr<rocksdb::FSSequentialFile> file;
  rocksdb::Status status = files.NewSequentialFile(path, rocksdb::FileOptions(), &file, nullptr);
  std::string space(AttestationSearch::block_octets, '\0');
  while (status.ok()) {
    rocksdb::Slice block;
    status = file->Read(space.size(), rocksdb::IOOptions(), &block, space.data(), nullptr);
    if (block.empty()) break;
    found.block(block.ToStringView());
  }
  return status;
}

/// The greatest attestation in the logs of which RocksDB's reader, which drops the rest of a block after the first
/// damage in it, may have seen none; nothing when they cannot be read.
std::optional<std::uint64_t> attested_behind_damage(const EngineSettings& settings, rocksdb::FileSystem& files,
                                                    const Recoverable& left) {
  if (left.mark == 0) return 0;
  AttestationSearch found(left.mark);
  std::vector<std::string> names;
  if (!files.GetChildren(settings.path.string(), rocksdb::IOOptions(), &names, nullptr).ok()) return std::nullopt;
  for (const std::string& name : names) {
    if (!name.ends_with(".log") || std::strtoull(name.c_str(), nullptr, 10) < left.first_log) continue;
    if (!search(files, settings.path.string() + "/" + name, found).ok()) return std::nullopt;
  }
  return found.attested();
}

}  // namespace

bool acknowledged_mail_is_hit(const EngineSettings& settings, rocksdb::Env& env) {
  WalCheck attestations(WalCheck::Mode::attestations, env.GetFileSystem());
  if (!replay(settings, env, WALRecoveryMode::kSkipAnyCorruptedRecords, attestations, look_at_nothing).ok())
    return true;
  const auto left = recoverable(settings, env);
  if (!left || attestations.attested() > left->sequence) return true;
  const auto behind = attested_behind_damage(settings, *env.GetFileSystem(), *left);
  return !behind || *behind > left->sequence;
}

rocksdb::Status judge_log(const EngineSettings& settings, rocksdb::Env& env) {
  WalCheck continuity(WalCheck::Mode::continuity, env.GetFileSystem());
  rocksdb::Status strict =
      replay(settings, env, WALRecoveryMode::kTolerateCorruptedTailRecords, continuity, look_at_nothing);
  if (strict.IsCorruption() && !acknowledged_mail_is_hit(settings, env)) return rocksdb::Status::OK();
  return strict;
}

}  // namespace fermo::rocks
