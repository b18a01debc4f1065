#pragma once

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "fetcher/file_ops.h"

/// For tests: ends the process, lets the disk be full or lets it lose octets, at the n-th change to the file system.
///
/// Octets are lost as Linux loses them when it cannot write them: one sync says so, and what was written since the sync
/// before is not there. The next one says that all is well.
namespace fermo::fetcher {

class FaultyFileOps final : public FileOps {
 public:
  enum class Fault { none, killed_before, killed_halfway, disk_full, disk_full_halfway, octets_lost };

  FaultyFileOps(Fault fault, unsigned at) : fault_(fault), at_(at) {}

  unsigned count() const { return count_; }

  /// Anything else that a test wants to be a step of its own.
  Result<void> step() {
    if (++count_ != at_) return {};
    if (fault_ == Fault::killed_before || fault_ == Fault::killed_halfway) ::_exit(killed);
    if (fault_ == Fault::disk_full || fault_ == Fault::disk_full_halfway) return fetch::Error::out_of_space;
    return {};
  }

  Result<Descriptor> open(const std::filesystem::path& path, int flags, mode_t mode) override {
    if (auto passed = step(); !passed) return passed.error();
    return FileOps::open(path, flags, mode);
  }
  Result<void> write(int descriptor, std::string_view octets) override {
    const bool halfway = fault_ == Fault::killed_halfway || fault_ == Fault::disk_full_halfway;
    if (halfway && count_ + 1 == at_) {
      if (auto written = FileOps::write(descriptor, octets.substr(0, octets.size() / 2)); !written) return written;
    }
    if (auto passed = step(); !passed) return passed;
    const off_t at = ::lseek(descriptor, 0, SEEK_CUR);
    unsynced_[inode_of(descriptor)].emplace_back(at, octets.size());
    return FileOps::write(descriptor, octets);
  }
  // What a process has written stays when it is killed, synced or not: the steps count, the waiting is left out.
  Result<void> sync(int descriptor) override {
    if (auto passed = step(); !passed) return passed;
    const auto unsynced = std::exchange(unsynced_[inode_of(descriptor)], {});
    if (fault_ != Fault::octets_lost || count_ != at_) return {};
    for (const auto& [at, octets] : unsynced) lose(descriptor, at, octets);
    return fetch::Error::unavailable;
  }
  Result<void> sync_all(std::span<const int> descriptors) override {
    for (const int descriptor : descriptors) {
      if (auto synced = sync(descriptor); !synced) return synced;
    }
    return {};
  }
  Result<void> sync_folder(const std::filesystem::path&) override { return step(); }
  Result<bool> link(const std::filesystem::path& from, const std::filesystem::path& to) override {
    if (auto passed = step(); !passed) return fetch::Error::out_of_space;
    return FileOps::link(from, to);
  }
  // A full disk does not keep anybody from removing a file.
  Result<void> unlink(const std::filesystem::path& path) override {
    static_cast<void>(step());
    return FileOps::unlink(path);
  }
  Result<void> truncate(int descriptor, std::uint64_t octets) override {
    if (auto passed = step(); !passed) return passed;
    return FileOps::truncate(descriptor, octets);
  }
  Result<void> make_folder(const std::filesystem::path& path) override {
    if (auto passed = step(); !passed) return passed;
    return FileOps::make_folder(path);
  }

  static constexpr int killed = 77;

 private:
  static ino_t inode_of(int descriptor) {
    struct stat status{};
    FERMO_CHECK(::fstat(descriptor, &status) == 0);
    return status.st_ino;
  }
  /// Of those that the file still has.
  static void lose(int descriptor, off_t at, std::size_t octets) {
    struct stat status{};
    FERMO_CHECK(::fstat(descriptor, &status) == 0);
    if (at >= status.st_size) return;
    const std::string zeros(std::min(octets, static_cast<std::size_t>(status.st_size - at)), '\0');
    FERMO_CHECK(::pwrite(descriptor, zeros.data(), zeros.size(), at) == static_cast<ssize_t>(zeros.size()));
  }

  const Fault fault_;
  const unsigned at_;
  unsigned count_ = 0;
  std::map<ino_t, std::vector<std::pair<off_t, std::size_t>>> unsynced_;  ///< Places of octets in files.
};

/// Runs `work` in a process of its own; its exit status.
inline int in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  FERMO_CHECK(child >= 0);
  if (child == 0) ::_exit(work());
  int status = 0;
  FERMO_CHECK(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace fermo::fetcher
