#include "maildrop_rocks/backup_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <rocksdb/env.h>

#include "base/limits.h"
#include "maildrop_rocks/backup_options.h"
#include "maildrop_rocks/log_judgement.h"
#include "maildrop_rocks/status.h"

namespace fermo::rocks {
namespace {

using maildrop::Error;

Backup to_backup(const rocksdb::BackupInfo& info) {
  return {info.backup_id, Timestamp(std::chrono::seconds(info.timestamp)), info.size, info.number_files,
          info.app_metadata};
}

using Reader = std::unique_ptr<rocksdb::BackupEngineReadOnly>;

BackupFolder::Outcome<Reader> open_to_read(const std::string& path) {
  rocksdb::BackupEngineReadOnly* opened = nullptr;
  const auto status = rocksdb::BackupEngineReadOnly::Open(backup_options(path), rocksdb::Env::Default(), &opened);
  if (!status.ok()) return backup_failure("the backups in " + path + " cannot be read", status);
  return Reader(opened);
}

bool sync_path(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  const bool synced = ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  errno = error;
  return synced;
}

/// The files and the folder itself; there are no folders below a store.
bool sync_all(const std::filesystem::path& folder) {
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder, error)) {
    if (!sync_path(file.path())) return false;
  }
  return !error && sync_path(folder);
}

}  // namespace

rocksdb::BackupEngineOptions backup_options(const std::string& path) {
  rocksdb::BackupEngineOptions options(path);
  options.share_table_files = true;
  options.share_files_with_checksum = true;
  options.backup_log_files = true;
  options.sync = true;
  return options;
}

EngineSettings settings_to_read(const std::filesystem::path& path) {
  EngineSettings settings;
  settings.path = path;
  settings.cache_octets = limits::store_cache_octets;
  settings.write_buffer_octets = limits::store_write_buffer_octets;
  settings.only_read = true;
  return settings;
}

BackupFailure backup_failure(const std::string& what, const rocksdb::Status& status) {
  return {error_of(status), what + " (" + status.ToString() + ")"};
}

BackupFolder::BackupFolder(std::string path, std::unique_ptr<rocksdb::BackupEngineReadOnly> engine)
    : path_(std::move(path)), engine_(std::move(engine)) {}
BackupFolder::BackupFolder(BackupFolder&& other) noexcept = default;
BackupFolder::~BackupFolder() = default;

BackupFolder::Outcome<BackupFolder> BackupFolder::open(const std::filesystem::path& folder) {
  auto engine = open_to_read(folder.string());
  if (engine.has_error()) return engine.error();
  return BackupFolder(folder.string(), std::move(*engine));
}

std::vector<Backup> BackupFolder::backups() const {
  std::vector<rocksdb::BackupInfo> infos;
  engine_->GetBackupInfo(&infos);
  std::vector<Backup> backups;
  for (const auto& info : infos) backups.push_back(to_backup(info));
  return backups;
}

std::vector<BackupNumber> BackupFolder::broken() const {
  std::vector<BackupNumber> numbers;
  engine_->GetCorruptedBackups(&numbers);
  return numbers;
}

BackupFolder::Outcome<void> BackupFolder::verify(BackupNumber number) const {
  rocksdb::Status status = engine_->VerifyBackup(number, /*verify_with_checksum=*/true);
  rocksdb::BackupInfo info;
  if (status.ok()) status = engine_->GetBackupInfo(number, &info, /*include_file_details=*/true);
  std::string torn;
  if (status.ok()) status = judge_log(settings_to_read(info.name_for_open), *info.env_for_open, torn);
  if (!status.ok()) return backup_failure("backup " + std::to_string(number) + " in " + path_ + " is damaged", status);
  return {};
}

BackupFolder::Outcome<void> BackupFolder::restore(BackupNumber number, const std::filesystem::path& store) const {
  // After the first damaged file RocksDB returns while its thread goes on copying: that has ended with its engine.
  auto engine = open_to_read(path_);
  if (engine.has_error()) return engine.error();
  const auto status = (*engine)->RestoreDBFromBackup(number, store.string(), store.string());
  engine->reset();
  const std::string what = "backup " + std::to_string(number) + " in " + path_ + " cannot be restored";
  if (!status.ok()) return backup_failure(what, status);
  if (!sync_all(store)) {
    return BackupFailure{Error::unavailable, what + ": " + std::error_code(errno, std::generic_category()).message() +
                                                 " (" + store.string() + ")"};
  }
  return {};
}

BackupFolder::Outcome<void> remove_backup(const std::filesystem::path& folder, BackupNumber number) {
  const std::string what = "backup " + std::to_string(number) + " in " + folder.string() + " could not be removed";
  rocksdb::BackupEngine* opened = nullptr;
  auto status = rocksdb::BackupEngine::Open(backup_options(folder.string()), rocksdb::Env::Default(), &opened);
  if (!status.ok()) return backup_failure(what, status);
  const std::unique_ptr<rocksdb::BackupEngine> backups(opened);
  status = backups->DeleteBackup(number);
  if (!status.ok()) return backup_failure(what, status);
  return {};
}

BackupFolder::Outcome<void> keep_newest_backups(const std::filesystem::path& folder, std::uint32_t count) {
  const std::string what = "old backups in " + folder.string() + " could not be removed";
  rocksdb::BackupEngine* opened = nullptr;
  auto status = rocksdb::BackupEngine::Open(backup_options(folder.string()), rocksdb::Env::Default(), &opened);
  if (!status.ok()) return backup_failure(what, status);
  const std::unique_ptr<rocksdb::BackupEngine> backups(opened);
  status = backups->PurgeOldBackups(count);
  if (status.ok()) status = backups->GarbageCollect();
  if (!status.ok()) return backup_failure(what, status);
  return {};
}

void throw_exception_from_error(const BackupFailure& failure, const boost::source_location& /*where*/) {
  throw std::runtime_error(failure.text);
}

}  // namespace fermo::rocks
