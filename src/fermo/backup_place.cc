#include "fermo/backup_place.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "auth/error.h"
#include "base/limits.h"
#include "fermo/durable_file.h"
#include "fetch/sha256.h"

namespace fermo::commands {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view format_text = "fermo backup 1\n";
constexpr std::string_view note_prefix = "users ";
constexpr std::string_view no_users = "none";
constexpr std::size_t sha256_digits = 64;

ExitCode complain(const Console& console, const std::string& what, const fs::path& path, ExitCode code) {
  console.complain(what + " " + path.string() + ": " + std::strerror(errno));
  return errno == EACCES || errno == EPERM || errno == EROFS ? ExitCode::no_permission : code;
}

std::string sha256(std::string_view octets) {
  fetch::Sha256 digest;
  digest.update(octets);
  return digest.hexadecimal(sha256_digits);
}

/// The name of the password file in a note; nothing when this is no note of ours.
std::optional<std::string> users_name(std::string_view note) {
  if (!note.starts_with(note_prefix)) return std::nullopt;
  note.remove_prefix(note_prefix.size());
  const bool is_digest = note.size() == sha256_digits && std::ranges::all_of(note, [](char c) {
                           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                         });
  if (!is_digest && note != no_users) return std::nullopt;
  return std::string(note);
}

Outcome<void> make_folder(const fs::path& path, const Console& console) {
  if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return complain(console, "cannot make the folder", path, ExitCode::cannot_create);
  }
  // Even when it was there: whoever made it may have been killed before this.
  if (sync_folder(path.parent_path()) || errno == EACCES) return {};
  return complain(console, "cannot sync the folder", path.parent_path(), ExitCode::io_error);
}

Outcome<void> check_format(const fs::path& folder, const Console& console) {
  const auto path = folder / "format";
  const auto text = read_small_file(path, limits::backup_note_octets_max);
  if (!text) {
    if (errno != ENOENT) return complain(console, "cannot read", path, ExitCode::no_input);
    console.complain(folder.string() + " is no folder of backups: there is no " + path.string());
    return ExitCode::no_input;
  }
  if (*text == format_text) return {};
  console.complain("the backups in " + folder.string() +
                   " are of a format that this version of Fermo does not know; use the version that made them, or a "
                   "newer one");
  return ExitCode::data_error;
}

/// A folder that was made before, or an empty one that becomes a folder of backups now. What a kill left half made is
/// made whole.
Outcome<void> prepare(const fs::path& folder, const Console& console) {
  const auto format = folder / "format";
  std::error_code error;
  if (!fs::exists(format, error)) {
    static const std::set<fs::path> ours = {"lock", "format.new", "store", "users"};
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (ours.contains(entry.path().filename())) continue;
      console.complain(folder.string() + " holds other things than backups (" + entry.path().filename().string() +
                       "); name a folder for the backups alone");
      return ExitCode::usage;
    }
    if (!replace_file(format, format_text)) return complain(console, "cannot write", format, ExitCode::cannot_create);
  }
  for (const char* const name : {"store", "users"}) {
    if (const auto made = make_folder(folder / name, console); !made) return made;
  }
  return check_format(folder, console);
}

}  // namespace

Outcome<BackupPlace> BackupPlace::open(const fs::path& folder, const Console& console) {
  const auto absolute = fs::absolute(folder).lexically_normal();
  if (const auto known = check_format(absolute, console); !known) return known.error();
  return BackupPlace(absolute, auth::Descriptor());
}

Outcome<BackupPlace> BackupPlace::open_to_write(const fs::path& folder, const Console& console) {
  auto absolute = fs::absolute(folder).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();
  if (const auto made = make_folder(absolute, console); !made) return made.error();
  const auto path = absolute / "lock";
  auth::Descriptor lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
  if (!lock) return complain(console, "cannot open", path, ExitCode::cannot_create);
  if (::flock(lock.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return complain(console, "cannot lock", path, ExitCode::io_error);
    console.complain("another command is writing to the backups in " + absolute.string() +
                     "; try again when it is done");
    return ExitCode::temporary_failure;
  }
  if (const auto ready = prepare(absolute, console); !ready) return ready.error();
  return BackupPlace(std::move(absolute), std::move(lock));
}

Outcome<std::string> BackupPlace::keep_users(const fs::path& users, const Console& console) const {
  const auto text = read_small_file(users, limits::password_file_octets_max);
  if (!text && errno == ENOENT) return std::string(note_prefix) + std::string(no_users);
  if (!text) return complain(console, "cannot read the password file", users, ExitCode::no_input);
  const auto name = sha256(*text);
  const auto copy = this->users() / name;
  // A copy that was damaged since is written anew.
  const auto kept = read_small_file(copy, limits::password_file_octets_max);
  // The name of one that is there may not be on the disk yet: whoever gave it may have been killed.
  const bool durable = kept && *kept == *text ? sync_folder(this->users()) : replace_file(copy, *text);
  if (!durable) return complain(console, "cannot write", copy, ExitCode::io_error);
  return std::string(note_prefix) + name;
}

Outcome<std::optional<std::string>> BackupPlace::users_of(const std::string& note, const Console& console) const {
  const auto name = users_name(note);
  if (!name) {
    console.complain("the backup does not say which password file belongs to it; Fermo did not make it");
    return ExitCode::data_error;
  }
  if (*name == no_users) return std::optional<std::string>();
  const auto path = users() / *name;
  auto text = read_small_file(path, limits::password_file_octets_max);
  if (!text) return complain(console, "cannot read the password file of the backup", path, ExitCode::io_error);
  if (sha256(*text) != *name) {
    console.complain("the password file of the backup is damaged: " + path.string());
    return ExitCode::io_error;
  }
  return std::optional(std::move(*text));
}

Outcome<void> BackupPlace::check_users(const std::string& note, const Console& console) const {
  const auto users = users_of(note, console);
  if (!users) return users.error();
  return {};
}

Outcome<void> BackupPlace::remove_users_but_of(const std::vector<rocks::Backup>& backups,
                                               const Console& console) const {
  std::set<std::string> needed;
  for (const auto& backup : backups) {
    if (const auto name = users_name(backup.note)) needed.insert(*name);
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(users(), error)) {
    if (needed.contains(entry.path().filename())) continue;
    if (::unlink(entry.path().c_str()) != 0)
      return complain(console, "cannot remove", entry.path(), ExitCode::io_error);
  }
  return {};
}

Outcome<rocks::BackupFolder> open_backups(const BackupPlace& place, const Console& console) {
  auto opened = rocks::BackupFolder::open(place.store());
  if (!opened) return complain_of_backup(console, opened.error());
  return std::move(*opened);
}

ExitCode complain_of_backup(const Console& console, const rocks::BackupFailure& failure) {
  console.complain(failure.text);
  return exit_code_of(failure.code);
}

}  // namespace fermo::commands
