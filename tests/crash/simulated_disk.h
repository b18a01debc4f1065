#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "crash/disk_journal.h"

namespace rocksdb {
class FileSystem;
}

namespace fermo::crash {

/// A disk under the store that can lose its power, fill up or become read-only. Thread-safe.
class SimulatedDisk {
 public:
  explicit SimulatedDisk(std::filesystem::path attic) : journal_(std::move(attic)) {}

  /// May outlive this object's other users, not this object.
  std::shared_ptr<rocksdb::FileSystem> file_system();

  /// The power fails after this many more changes (writes, syncs, renames, …). A dying machine is told of no error:
  /// whoever works on is let, and what he does then is as if it had never been (what is acknowledged after is_cut() is
  /// not).
  void cut_after(std::uint64_t changes);
  bool is_cut() const;
  /// With nothing open any more: takes away what was not safe, and gives power again.
  void restore_power(DiskJournal::Loss loss, std::uint64_t seed);

  enum class Fault {
    none,
    full,       ///< Writes end in the middle with ENOSPC.
    read_only,  ///< Nothing can be written, made, renamed or deleted: EROFS.
  };
  void set_fault(Fault fault);
  std::uint64_t changes() const;
  /// Told of each change before it is made, such as "append 000012.log"; may not use the disk.
  void watch(std::function<void(std::string_view change)> watcher);
  /// Nothing changes while `look` is at work, which may not change anything itself by way of the store.
  void at_a_standstill(const std::function<void()>& look);

 private:
  friend class SimulatedFileSystem;

  mutable std::mutex mutex_;
  DiskJournal journal_;
  std::function<void(std::string_view)> watcher_;
  Fault fault_ = Fault::none;
  bool cut_ = false;
  std::uint64_t changes_ = 0;
  std::uint64_t cut_at_ = UINT64_MAX;
};

}  // namespace fermo::crash
