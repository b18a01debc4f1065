#include "maildrop_rocks/make_backup.h"

#include <memory>

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include "maildrop_rocks/backup_options.h"
#include "maildrop_rocks/status.h"

namespace fermo::rocks {

using maildrop::Error;

rocksdb::BackupEngineOptions backup_options(const std::string& path) {
  rocksdb::BackupEngineOptions options(path);
  options.share_table_files = true;
  options.share_files_with_checksum = true;
  options.backup_log_files = true;
  options.sync = true;
  return options;
}

maildrop::BackupFailure backup_failure(const std::string& what, const rocksdb::Status& status) {
  return {error_of(status), what + " (" + status.ToString() + ")"};
}

maildrop::BackupSource::Made make_backup(Engine& engine, const maildrop::BackupOrder& order,
                                         const std::array<std::stop_token, 2>& stops) {
  const std::string into = "the backup into " + order.folder + " could not be made";
  // The log is copied as far as it can be read; only what is on the disk is sure to be of whole batches.
  if (const auto synced = engine.sync_log(); synced.has_error()) {
    return maildrop::BackupFailure{synced.error(), into + ": the disk of the store refuses writes"};
  }
  rocksdb::BackupEngine* opened = nullptr;
  rocksdb::Env* const env = engine.database().GetEnv();
  rocksdb::IOStatus status = rocksdb::BackupEngine::Open(backup_options(order.folder), env, &opened);
  if (!status.ok()) return backup_failure(into, status);
  const std::unique_ptr<rocksdb::BackupEngine> backups(opened);
  const auto cut_short = [&backups] { backups->StopBackup(); };
  const std::stop_callback on_first(stops[0], cut_short);
  const std::stop_callback on_second(stops[1], cut_short);
  status = backups->GarbageCollect();
  if (!status.ok()) return backup_failure(into, status);
  maildrop::BackupNumber number = 0;
  status =
      backups->CreateNewBackupWithMetadata(rocksdb::CreateBackupOptions(), &engine.database(), order.note, &number);
  if (stops[0].stop_requested() || stops[1].stop_requested()) {
    if (!status.ok()) return maildrop::BackupFailure{Error::unavailable, into + ": the store is being closed"};
  }
  if (!status.ok()) return backup_failure(into, status);
  return number;
}

}  // namespace fermo::rocks
