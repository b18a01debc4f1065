#pragma once

#include <sys/types.h>

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"
#include "fetch/error.h"

namespace fermo::fetcher {

/// Every change that a target makes to a file system goes through here, so that a test can end the process, or let the
/// disk fail, at each of them in turn. Errors are what fetch::from_errno() makes of errno, but for those named.
class FileOps {
 public:
  virtual ~FileOps() = default;

  /// As open(2), O_CLOEXEC added.
  virtual Result<Descriptor> open(const std::filesystem::path& path, int flags, mode_t mode);
  /// All of `octets`.
  virtual Result<void> write(int descriptor, std::string_view octets);
  virtual Result<void> sync(int descriptor);
  /// Each of them, several at a time: they then share the commits of the file system's journal, which on ext4 makes a
  /// hundred small files durable in a tenth of the time. An error of any of them.
  virtual Result<void> sync_all(std::span<const int> descriptors);
  /// The names in a folder, made durable.
  virtual Result<void> sync_folder(const std::filesystem::path& folder);
  /// False when there is something at `to` already.
  virtual Result<bool> link(const std::filesystem::path& from, const std::filesystem::path& to);
  /// No error when nothing is there.
  virtual Result<void> unlink(const std::filesystem::path& path);
  virtual Result<void> truncate(int descriptor, std::uint64_t octets);
  /// No error when the folder is there.
  virtual Result<void> make_folder(const std::filesystem::path& path);
};

/// Makes a folder and all that is missing above it, durably: also one that is there, whose maker may have been killed.
Result<void> make_folders(const std::filesystem::path& path, FileOps& ops);

/// Up to `octets_max` octets from `at` on; empty at the end.
Result<std::string> read_at(int descriptor, std::uint64_t at, std::size_t octets_max);

/// The real one. Stateless; lives as long as the process.
FileOps& system_file_ops();

}  // namespace fermo::fetcher
