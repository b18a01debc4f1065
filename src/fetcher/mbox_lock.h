#pragma once

#include <filesystem>
#include <string>

#include "fetcher/file_ops.h"

namespace fermo::fetcher {

/// Holds an mbox as mail programs do: with a lock file beside it (where the folder lets us make one) and a record lock
/// on the file itself. Waits for others at most `limits::mbox_lock_time_max`. A lock file that a process of this
/// machine left when it died, or that is older than `limits::mbox_lock_age_max`, is taken away. Released when
/// destroyed.
class MboxLock {
 public:
  /// Opens the mbox, making it when it is not there. Errors: in_use, misused, unavailable, out_of_space.
  static Result<MboxLock> take(const std::filesystem::path& mbox, FileOps& ops);
  MboxLock(MboxLock&& other) noexcept
      : ops_(other.ops_), file_(std::move(other.file_)), lock_file_(std::exchange(other.lock_file_, {})) {}
  MboxLock& operator=(MboxLock&&) = delete;
  ~MboxLock();

  int descriptor() const { return file_.get(); }

 private:
  explicit MboxLock(FileOps& ops) : ops_(ops) {}
  Result<void> make_lock_file(const std::filesystem::path& mbox);
  Result<void> lock_records(const std::filesystem::path& mbox);

  FileOps& ops_;
  Descriptor file_;
  std::filesystem::path lock_file_;  ///< Empty when we have none.
};

}  // namespace fermo::fetcher
