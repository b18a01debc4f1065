#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace fermo::crash {

/// What of a folder would survive a power cut, by the letter of POSIX: the octets of a file up to its last fsync, and
/// the entries of a folder up to the folder's last fsync. Works on real files; `apply_loss` takes away what was not
/// safe. The caller serialises.
class DiskJournal {
 public:
  /// `attic` keeps what was deleted or replaced and may have to come back.
  explicit DiskJournal(std::filesystem::path attic);

  void folder_made(const std::string& path);
  void file_made(const std::string& path);
  /// Before a file is deleted or replaced: keeps it in the attic, if it is there.
  std::string keep(const std::string& path);
  void file_deleted(const std::string& path, std::string kept);
  void file_renamed(const std::string& from, const std::string& to, std::string kept);
  void file_synced(const std::string& path);
  void file_truncated(const std::string& path);
  void folder_synced(const std::string& path);

  /// The power fails here. Whoever works on goes on noting what he does, so that it can be undone; none of it counts.
  void cut();

  enum class Loss {
    nothing,     ///< The process ended here, and the machine went on.
    everything,  ///< Nothing that was not synced is there.
    tail,        ///< A part from the beginning is.
    torn,        ///< Any sectors of it are, the others read as zeros.
  };
  void apply_loss(Loss loss, std::uint64_t seed);

 private:
  enum class Kind { made_folder, made, deleted, renamed };
  struct Entry {
    Kind kind;
    std::string path;
    std::string from;  ///< renamed: the old name.
    std::string kept;  ///< deleted, renamed: what was at `path` before, in the attic; may be empty.
  };

  void lose_what_is_not_safe(Loss loss, std::uint64_t seed);
  void undo_down_to(std::size_t entries_left);
  void undo(const Entry& entry);
  void lose_octets(const std::string& path, std::uintmax_t synced, Loss loss, std::mt19937_64& random);

  const std::filesystem::path attic_;
  std::uint64_t kept_ = 0;
  std::vector<Entry> entries_;                           ///< Not synced, oldest first.
  std::map<std::string, std::uintmax_t> synced_octets_;  ///< Of files that were written to.
  struct Cut {
    std::size_t entries;
    std::map<std::string, std::uintmax_t> synced_octets;
    std::map<std::string, std::uintmax_t> octets;  ///< What each of those files held.
  };
  std::optional<Cut> cut_;
};

}  // namespace fermo::crash
