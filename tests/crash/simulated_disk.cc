#include "crash/simulated_disk.h"

#include <functional>

#include <rocksdb/file_system.h>

namespace fermo::crash {

using rocksdb::FileOptions;
using rocksdb::FileSystem;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

/// Hands everything on to the machine's file system, under the rules of the disk.
class SimulatedFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit SimulatedFileSystem(SimulatedDisk& disk) : FileSystemWrapper(FileSystem::Default()), disk_(disk) {}
  const char* Name() const override { return "fermo.simulated"; }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) override;
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) override;
  IOStatus ReuseWritableFile(const std::string&, const std::string&, const FileOptions&,
                             std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) override {
    return IOStatus::NotSupported("reuse");
  }
  IOStatus NewRandomRWFile(const std::string&, const FileOptions&, std::unique_ptr<rocksdb::FSRandomRWFile>*,
                           IODebugContext*) override {
    return IOStatus::NotSupported("overwriting");
  }
  IOStatus LinkFile(const std::string&, const std::string&, const IOOptions&, IODebugContext*) override {
    return IOStatus::NotSupported("links");
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* folder, IODebugContext* debug) override;
  IOStatus DeleteFile(const std::string& path, const IOOptions& options, IODebugContext* debug) override;
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override;
  IOStatus CreateDir(const std::string& path, const IOOptions& options, IODebugContext* debug) override;
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions& options, IODebugContext* debug) override;
  IOStatus Truncate(const std::string& path, std::size_t size, const IOOptions& options,
                    IODebugContext* debug) override;

  static IOStatus full() {
    IOStatus status = IOStatus::NoSpace("No space left on device");
    status.SetRetryable(true);  // as RocksDB's own file system says it
    return status;
  }

  /// Runs `real` if the disk lets it, and then `note`. Nothing else happens to the disk meanwhile.
  IOStatus change(const char* what, const std::string& path, const std::function<IOStatus()>& real,
                  const std::function<void()>& note, bool takes_space = false) {
    const std::lock_guard lock(disk_.mutex_);
    if (disk_.watcher_) disk_.watcher_(what + (" " + std::filesystem::path(path).filename().string()));
    if (++disk_.changes_ > disk_.cut_at_) {
      disk_.cut_ = true;
      disk_.journal_.cut();
    }
    if (disk_.fault_ == SimulatedDisk::Fault::read_only) return IOStatus::IOError("Read-only file system");
    if (disk_.fault_ == SimulatedDisk::Fault::full && takes_space) return full();
    const IOStatus status = real();
    if (status.ok()) note();
    return status;
  }
  bool is_full() const {
    const std::lock_guard lock(disk_.mutex_);
    return disk_.fault_ == SimulatedDisk::Fault::full;
  }
  DiskJournal& journal() { return disk_.journal_; }

 private:
  SimulatedDisk& disk_;
};

namespace {

void nothing() {}

class SimulatedFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  SimulatedFile(SimulatedFileSystem& system, std::string path, std::unique_ptr<rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), system_(system), path_(std::move(path)) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
    if (system_.is_full()) {
      // The disk takes what there is room for before it says no.
      const rocksdb::Slice part(data.data(), data.size() / 2);
      const auto real = [&] { return FSWritableFileOwnerWrapper::Append(part, options, debug); };
      if (const IOStatus status = system_.change("append", path_, real, nothing); !status.ok()) return status;
      return SimulatedFileSystem::full();
    }
    return system_.change(
        "append", path_, [&] { return FSWritableFileOwnerWrapper::Append(data, options, debug); }, nothing, true);
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    return system_.change(
        "truncate", path_, [&] { return FSWritableFileOwnerWrapper::Truncate(size, options, debug); },
        [&] { system_.journal().file_truncated(path_); });
  }
  // A real fsync would only make the test slow: the octets are in the page cache, and that survives.
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return system_.change(
        "sync", path_, [&] { return FSWritableFileOwnerWrapper::Flush(options, debug); },
        [&] { system_.journal().file_synced(path_); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override { return Sync(options, debug); }
  IOStatus RangeSync(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus Allocate(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  void PrepareWrite(std::size_t, std::size_t, const IOOptions&, IODebugContext*) override {}

 private:
  SimulatedFileSystem& system_;
  const std::string path_;
};

class SimulatedFolder final : public rocksdb::FSDirectory {
 public:
  SimulatedFolder(SimulatedFileSystem& system, std::string path) : system_(system), path_(std::move(path)) {}

  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return system_.change(
        "sync", path_, [] { return IOStatus::OK(); }, [&] { system_.journal().folder_synced(path_); });
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  SimulatedFileSystem& system_;
  const std::string path_;
};

}  // namespace

IOStatus SimulatedFileSystem::NewWritableFile(const std::string& path, const FileOptions& options,
                                              std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) {
  std::string kept;
  const auto real = [&] {
    kept = journal().keep(path);
    // What is there stays as it is, in the attic: the new file is another one.
    if (!kept.empty()) target()->DeleteFile(path, IOOptions(), debug).PermitUncheckedError();
    return target()->NewWritableFile(path, options, file, debug);
  };
  const auto note = [&] {
    if (!kept.empty()) journal().file_deleted(path, kept);
    journal().file_made(path);
    *file = std::make_unique<SimulatedFile>(*this, path, std::move(*file));
  };
  return change("make", path, real, note, true);
}

IOStatus SimulatedFileSystem::ReopenWritableFile(const std::string& path, const FileOptions& options,
                                                 std::unique_ptr<rocksdb::FSWritableFile>* file,
                                                 IODebugContext* debug) {
  return change(
      "reopen", path, [&] { return target()->ReopenWritableFile(path, options, file, debug); },
      [&] { *file = std::make_unique<SimulatedFile>(*this, path, std::move(*file)); });
}

IOStatus SimulatedFileSystem::NewDirectory(const std::string& path, const IOOptions& options,
                                           std::unique_ptr<rocksdb::FSDirectory>* folder, IODebugContext* debug) {
  if (const IOStatus status = target()->NewDirectory(path, options, folder, debug); !status.ok()) return status;
  *folder = std::make_unique<SimulatedFolder>(*this, path);
  return IOStatus::OK();
}

IOStatus SimulatedFileSystem::DeleteFile(const std::string& path, const IOOptions& options, IODebugContext* debug) {
  std::string kept;
  const auto real = [&] {
    kept = journal().keep(path);
    return target()->DeleteFile(path, options, debug);
  };
  return change("delete", path, real, [&] { journal().file_deleted(path, kept); });
}

IOStatus SimulatedFileSystem::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                                         IODebugContext* debug) {
  std::string kept;
  const auto real = [&] {
    kept = journal().keep(to);
    return target()->RenameFile(from, to, options, debug);
  };
  return change("rename", from, real, [&] { journal().file_renamed(from, to, kept); });
}

IOStatus SimulatedFileSystem::CreateDir(const std::string& path, const IOOptions& options, IODebugContext* debug) {
  return change(
      "make", path, [&] { return target()->CreateDir(path, options, debug); }, [&] { journal().folder_made(path); },
      true);
}

IOStatus SimulatedFileSystem::CreateDirIfMissing(const std::string& path, const IOOptions& options,
                                                 IODebugContext* debug) {
  if (std::filesystem::is_directory(path)) return IOStatus::OK();
  return CreateDir(path, options, debug);
}

IOStatus SimulatedFileSystem::Truncate(const std::string& path, std::size_t size, const IOOptions& options,
                                       IODebugContext* debug) {
  return change(
      "truncate", path, [&] { return target()->Truncate(path, size, options, debug); },
      [&] { journal().file_truncated(path); });
}

std::shared_ptr<FileSystem> SimulatedDisk::file_system() {
  return std::make_shared<SimulatedFileSystem>(*this);
}

void SimulatedDisk::watch(std::function<void(std::string_view)> watcher) {
  const std::lock_guard lock(mutex_);
  watcher_ = std::move(watcher);
}

void SimulatedDisk::at_a_standstill(const std::function<void()>& look) {
  const std::lock_guard lock(mutex_);
  look();
}

void SimulatedDisk::cut_after(std::uint64_t changes) {
  const std::lock_guard lock(mutex_);
  cut_at_ = changes_ + changes;
}

bool SimulatedDisk::is_cut() const {
  const std::lock_guard lock(mutex_);
  return cut_;
}

void SimulatedDisk::restore_power(DiskJournal::Loss loss, std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  journal_.apply_loss(loss, seed);
  cut_ = false;
  cut_at_ = UINT64_MAX;
}

void SimulatedDisk::set_fault(Fault fault) {
  const std::lock_guard lock(mutex_);
  fault_ = fault;
}

std::uint64_t SimulatedDisk::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

}  // namespace fermo::crash
