#include "fetcher/file_ops.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

namespace fermo::fetcher {
namespace {

using fetch::Error;

/// More gain nothing on ext4, half as many lose a third.
constexpr std::size_t syncs_at_once_max = 8;

Error failure() {
  return errno == ENOENT ? Error::misused : fetch::from_errno(errno);
}

}  // namespace

Result<Descriptor> FileOps::open(const std::filesystem::path& path, int flags, mode_t mode) {
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!file) return failure();
  return file;
}

Result<void> FileOps::write(int descriptor, std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t written = ::write(descriptor, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure();
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> FileOps::sync(int descriptor) {
  if (::fsync(descriptor) != 0) return failure();
  return {};
}

Result<void> FileOps::sync_all(std::span<const int> descriptors) {
  std::atomic<std::size_t> next = 0;
  std::atomic<int> number = 0;
  const auto work = [&] {
    for (std::size_t at = next++; at < descriptors.size(); at = next++) {
      if (::fsync(descriptors[at]) != 0) number = errno;
    }
  };
  {
    std::vector<std::jthread> others;
    const std::size_t threads = std::min(descriptors.size(), syncs_at_once_max);
    while (others.size() + 1 < threads) others.emplace_back(work);
    work();
  }
  if (number == 0) return {};
  errno = number;
  return failure();
}

Result<void> FileOps::sync_folder(const std::filesystem::path& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened || ::fsync(opened.get()) != 0) return failure();
  return {};
}

Result<bool> FileOps::link(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return true;
  if (errno == EEXIST) return false;
  return failure();
}

Result<void> FileOps::unlink(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failure();
  return {};
}

Result<void> FileOps::truncate(int descriptor, std::uint64_t octets) {
  if (::ftruncate(descriptor, static_cast<off_t>(octets)) != 0) return failure();
  return {};
}

Result<void> FileOps::make_folder(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  struct stat status{};
  if (errno == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
  return errno == EEXIST ? Error::misused : failure();
}

Result<void> make_folders(const std::filesystem::path& path, FileOps& ops) {
  if (path.empty() || path == path.root_path()) return {};
  const std::filesystem::path above = path.parent_path();
  const std::filesystem::path synced = above.empty() ? "." : above;
  std::error_code unknown;
  if (std::filesystem::exists(path, unknown)) {
    // Who may not read the folder above has not made this one.
    return ::access(synced.c_str(), R_OK) == 0 ? ops.sync_folder(synced) : Result<void>();
  }
  if (auto made = make_folders(above, ops); !made) return made;
  if (auto made = ops.make_folder(path); !made) return made;
  return ops.sync_folder(synced);
}

Result<std::string> read_at(int descriptor, std::uint64_t at, std::size_t octets_max) {
  std::string piece(octets_max, '\0');
  while (true) {
    const ssize_t got = ::pread(descriptor, piece.data(), piece.size(), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure();
    piece.resize(static_cast<std::size_t>(got));
    return piece;
  }
}

FileOps& system_file_ops() {
  static FileOps ops;
  return ops;
}

}  // namespace fermo::fetcher
