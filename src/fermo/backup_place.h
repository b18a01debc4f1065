#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/file_replacement.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "maildrop_rocks/backup_folder.h"

namespace fermo::commands {

/// A folder with backups of a data folder:
///
///   format        what wrote it; a folder that says anything else is left alone
///   lock          held by the command that writes there
///   store/        the backups of the store (rocks::BackupFolder)
///   users/        password files, each under the SHA-256 of its octets
///
/// A backup counts from the moment its list of files gets its name in `store/`. The note in that list says which
/// password file belongs to it, which was on the disk before.
class BackupPlace {
 public:
  /// To read. What is wrong is printed.
  static Outcome<BackupPlace> open(const std::filesystem::path& folder, const Console& console);
  /// To add and remove backups: makes the folder, for its owner alone, where there is none or an empty one. Refuses
  /// while another command does the same.
  static Outcome<BackupPlace> open_to_write(const std::filesystem::path& folder, const Console& console);

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path store() const { return folder_ / "store"; }

  /// Keeps a copy of the password file at `users`, which may be missing. The note for the backup that it belongs to.
  Outcome<std::string> keep_users(const std::filesystem::path& users, const Console& console) const;
  /// Whether the password file that a note names is as it was kept; why not is printed.
  Outcome<void> check_users(const std::string& note, const Console& console) const;
  /// The password file that a note names; nothing when there was none.
  Outcome<std::optional<std::string>> users_of(const std::string& note, const Console& console) const;
  /// Removes the password files that none of these backups names.
  Outcome<void> remove_users_but_of(const std::vector<rocks::Backup>& backups, const Console& console) const;

 private:
  BackupPlace(std::filesystem::path folder, auth::Descriptor lock)
      : folder_(std::move(folder)), lock_(std::move(lock)) {}

  std::filesystem::path users() const { return folder_ / "users"; }

  std::filesystem::path folder_;
  auth::Descriptor lock_;
};

/// The backups in the folder. What is wrong is printed.
Outcome<rocks::BackupFolder> open_backups(const BackupPlace& place, const Console& console);

/// Prints why, and gives the code to end with.
ExitCode complain_of_backup(const Console& console, const rocks::BackupFailure& failure);

}  // namespace fermo::commands
