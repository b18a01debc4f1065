#include <memory>
#include <string>

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include "maildrop_rocks/backup_folder.h"
#include "maildrop_rocks/backup_options.h"
#include "maildrop_rocks/log_judgement.h"
#include "maildrop_rocks/read_only.h"
#include "maildrop_rocks/rocks_options.h"
#include "maildrop_rocks/status.h"

namespace fermo::rocks {
namespace {

rocksdb::Status back_up(rocksdb::DB& database, const std::string& folder, const std::string& note,
                        BackupNumber& number) {
  rocksdb::BackupEngine* opened = nullptr;
  rocksdb::Status status = rocksdb::BackupEngine::Open(backup_options(folder), database.GetEnv(), &opened);
  if (!status.ok()) return status;
  const std::unique_ptr<rocksdb::BackupEngine> backups(opened);
  status = backups->GarbageCollect();
  if (!status.ok()) return status;
  return backups->CreateNewBackupWithMetadata(rocksdb::CreateBackupOptions(), &database, note, &number);
}

}  // namespace

BackupFolder::Outcome<BackupNumber> make_backup(const std::filesystem::path& checkpoint,
                                                const std::filesystem::path& folder, const std::string& note) {
  const EngineSettings settings = settings_to_read(checkpoint);
  rocksdb::Env& env = *rocksdb::Env::Default();
  BackupNumber number = 0;
  std::string torn;
  const rocksdb::Status judged = judge_log(settings, env, torn);
  rocksdb::Status status = judged;
  if (judged.ok()) {
    rocksdb::DBOptions options = database_options(settings, env);
    // The log is copied as it is; its end may be torn in a batch that was written meanwhile.
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
    status = with_read_only(settings, options, [&](rocksdb::DB& database, const ReadOnlyTables&) {
      return back_up(database, folder.string(), note, number);
    });
  }
  if (status.ok()) return number;
  const std::string what = "the backup into " + folder.string() + " could not be made";
  std::error_code unknown;
  if (!std::filesystem::exists(checkpoint, unknown)) {
    return BackupFailure{maildrop::Error::unavailable,
                         what + ": " + checkpoint.string() +
                             " is not there: the server has ended meanwhile, or has another data folder by this name; "
                             "run the command again, where the server runs"};
  }
  if (judged.IsCorruption()) {
    return BackupFailure{maildrop::Error::corrupt,
                         what + ": as the files of the store are on its disk, it would not open again (" +
                             judged.ToString() +
                             "). A server that runs has in memory what its log has lost: do not end it, see to it that "
                             "the disk of the store has room, and run the command again"};
  }
  return backup_failure(what, status);
}

}  // namespace fermo::rocks
