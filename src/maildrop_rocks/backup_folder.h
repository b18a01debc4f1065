#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "maildrop/backup.h"

namespace rocksdb {
class BackupEngineReadOnly;
}

namespace fermo::rocks {

/// One backup of a store.
struct Backup {
  maildrop::BackupNumber number = 0;
  Timestamp taken_at;        ///< To the second.
  std::uint64_t octets = 0;  ///< Of all its files, those it shares with other backups too.
  std::uint64_t files = 0;
  std::string note;  ///< Of BackupOrder.
};

/// The backups in a folder, as they were when it was opened. Changes nothing there. Thread-safe.
class BackupFolder {
 public:
  template <class T>
  using Outcome = boost::system::result<T, maildrop::BackupFailure>;

  static Outcome<BackupFolder> open(const std::filesystem::path& folder);
  BackupFolder(BackupFolder&& other) noexcept;
  ~BackupFolder();

  /// Those that are whole as far as their lists of files go, the oldest first.
  std::vector<Backup> backups() const;
  /// Those whose lists of files cannot be read, or name a file that is not there.
  std::vector<maildrop::BackupNumber> broken() const;

  /// Reads every file of that backup and compares its octets and checksum. Errors: corrupt, unavailable.
  Outcome<void> verify(maildrop::BackupNumber number) const;

  /// Makes the store as it was in `store`, which must not be there or be empty; durable on return. Every file is held
  /// against its checksum as it is copied. Errors: corrupt, out_of_space, unavailable.
  Outcome<void> restore(maildrop::BackupNumber number, const std::filesystem::path& store) const;

 private:
  BackupFolder(std::string path, std::unique_ptr<rocksdb::BackupEngineReadOnly> engine);

  std::string path_;
  std::unique_ptr<rocksdb::BackupEngineReadOnly> engine_;
};

/// Removes all but the newest `count` backups, and every file that none of those needs. Nobody else may be writing to
/// the folder. Killed in between, it leaves whole backups and some files that the next call removes.
BackupFolder::Outcome<void> keep_newest_backups(const std::filesystem::path& folder, std::uint32_t count);

}  // namespace fermo::rocks
