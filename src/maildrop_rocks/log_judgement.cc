#include "maildrop_rocks/log_judgement.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
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

/// What is there where the log is read up to the first damage.
struct Recoverable {
  std::uint64_t sequence = 0;
  LogMark mark = 0;             ///< 0 in a store of an earlier version.
  std::uint64_t first_log = 0;  ///< The number of the oldest log that is needed.
};

rocksdb::Status recover(const EngineSettings& settings, rocksdb::Env& env, WALRecoveryMode mode, Recoverable& left) {
  WalCheck continuity(WalCheck::Mode::continuity, env.GetFileSystem());
  const auto look = [&left](rocksdb::DB& database, const ReadOnlyTables& tables) {
    left.sequence = database.GetLatestSequenceNumber();
    std::string value;
    rocksdb::ColumnFamilyHandle* const meta = tables.at(static_cast<std::size_t>(Table::meta));
    if (database.Get(rocksdb::ReadOptions(), meta, std::string(log_mark_key), &value).ok()) {
      left.mark = decode_log_mark(value).value_or(0);
    }
  };
  const rocksdb::Status status = replay(settings, env, mode, continuity, look);
  left.first_log = continuity.first_log();
  return status;
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

struct LogFile {
  std::string path;
  std::uint64_t number = 0;
  std::uint64_t octets = 0;
};

rocksdb::Status list_logs(const EngineSettings& settings, rocksdb::FileSystem& files, std::vector<LogFile>& logs) {
  const rocksdb::IOOptions options;
  std::vector<std::string> names;
  rocksdb::Status status = files.GetChildren(settings.path.string(), options, &names, nullptr);
  for (const std::string& name : names) {
    if (!status.ok() || !name.ends_with(".log")) continue;
    LogFile log{settings.path.string() + "/" + name, std::strtoull(name.c_str(), nullptr, 10), 0};
    status = files.GetFileSize(log.path, options, &log.octets, nullptr);
    logs.push_back(std::move(log));
  }
  return status;
}

/// Whether the octets of the logs hold an attestation of more than can be recovered, or cannot be read. RocksDB's
/// reader may have seen none of it: it passes over the rest of a block after the first damage in it.
bool more_is_attested(rocksdb::FileSystem& files, const std::vector<LogFile>& logs, const Recoverable& left) {
  if (left.mark == 0) return false;
  AttestationSearch found(left.mark);
  for (const LogFile& log : logs) {
    if (log.number >= left.first_log && !search(files, log.path, found).ok()) return true;
  }
  return found.attested() > left.sequence;
}

bool acknowledged_mail_is_hit(const EngineSettings& settings, rocksdb::Env& env, const std::vector<LogFile>& logs) {
  WalCheck attestations(WalCheck::Mode::attestations, env.GetFileSystem());
  if (!replay(settings, env, WALRecoveryMode::kSkipAnyCorruptedRecords, attestations, look_at_nothing).ok()) {
    return true;
  }
  Recoverable left;
  if (!recover(settings, env, WALRecoveryMode::kPointInTimeRecovery, left).ok()) return true;
  return attestations.attested() > left.sequence || more_is_attested(*env.GetFileSystem(), logs, left);
}

}  // namespace

rocksdb::Status judge_log(const EngineSettings& settings, rocksdb::Env& env, std::string& torn) {
  std::vector<LogFile> logs;
  rocksdb::Status status = list_logs(settings, *env.GetFileSystem(), logs);
  // As after an orderly end; then nothing needs to be opened for it.
  if (!status.ok() || std::ranges::all_of(logs, [](const LogFile& log) { return log.octets == 0; })) return status;
  EngineSettings reading = settings;
  reading.only_read = true;
  Recoverable left;
  status = recover(reading, env, WALRecoveryMode::kTolerateCorruptedTailRecords, left);
  // What looks like the end to RocksDB, such as zeros or a length beyond it, may be damage too.
  if (status.ok() && more_is_attested(*env.GetFileSystem(), logs, left)) {
    return rocksdb::Status::Corruption("it ends before what was on the disk");
  }
  if (!status.IsCorruption() || acknowledged_mail_is_hit(reading, env, logs)) return status;
  torn = status.ToString();
  return {};
}

}  // namespace fermo::rocks
