#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "maildrop/error.h"

namespace rocksdb {
class BackupEngineReadOnly;
}

namespace fermo::rocks {

/// Counts up from 1 within a folder of backups; never given out twice there while a later one is kept.
using BackupNumber = std::uint32_t;

/// Why something could not be done with backups.
struct BackupFailure {
  error_code code;   ///< Of maildrop::Error.
  std::string text;  ///< One or two sentences for the operator: what is wrong with which path, and what to do.
};

/// One backup of a store.
struct Backup {
  BackupNumber number = 0;
  Timestamp taken_at;        ///< To the second.
  std::uint64_t octets = 0;  ///< Of all its files, those it shares with other backups too.
  std::uint64_t files = 0;
  std::string note;  ///< What it was made with.
};

/// The backups in a folder, as they were when it was opened. Changes nothing there. Thread-safe.
class BackupFolder {
 public:
  template <class T>
  using Outcome = boost::system::result<T, BackupFailure>;

  static Outcome<BackupFolder> open(const std::filesystem::path& folder);
  BackupFolder(BackupFolder&& other) noexcept;
  ~BackupFolder();

  /// Those that are whole as far as their lists of files go, the oldest first.
  std::vector<Backup> backups() const;
  /// Those whose lists of files cannot be read, or name a file that is not there.
  std::vector<BackupNumber> broken() const;

  /// Reads every file of that backup and compares its octets and checksum, and sees whether the store would open with
  /// the log that it has there. Errors: corrupt, unavailable.
  Outcome<void> verify(BackupNumber number) const;

  /// Makes the store as it was in `store`, which must not be there or be empty; durable on return. Every file is held
  /// against its checksum as it is copied. Errors: corrupt, out_of_space, unavailable.
  Outcome<void> restore(BackupNumber number, const std::filesystem::path& store) const;

 private:
  BackupFolder(std::string path, std::unique_ptr<rocksdb::BackupEngineReadOnly> engine);

  std::string path_;
  std::unique_ptr<rocksdb::BackupEngineReadOnly> engine_;
};

/// Adds a backup of the store whose files lie in `checkpoint`, where nobody changes anything, to a folder that is
/// there, and removes what one that was cut off has left in it. Files that earlier backups in it have are not copied.
/// Durable on return; cut off, it leaves nothing that counts as a backup, nor is one made of a store whose log is
/// damaged where it holds mail that was acknowledged. Nobody else may be writing to the folder. Errors: out_of_space,
/// corrupt, unavailable (which is also said when the checkpoint goes meanwhile), unsupported.
BackupFolder::Outcome<BackupNumber> make_backup(const std::filesystem::path& checkpoint,
                                                const std::filesystem::path& folder, const std::string& note);

/// Removes that backup, and every file that no other one needs. Nobody else may be writing to the folder.
BackupFolder::Outcome<void> remove_backup(const std::filesystem::path& folder, BackupNumber number);

/// Removes all but the newest `count` backups, and every file that none of those needs. Nobody else may be writing to
/// the folder. Killed in between, it leaves whole backups and some files that the next call removes.
BackupFolder::Outcome<void> keep_newest_backups(const std::filesystem::path& folder, std::uint32_t count);

/// Lets Outcome::value() throw what error() tells.
[[noreturn]] void throw_exception_from_error(const BackupFailure& failure, const boost::source_location& where);

}  // namespace fermo::rocks
