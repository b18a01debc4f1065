/// Preloaded into a program (LD_PRELOAD), lets the disk lose octets as Linux has it when they cannot be written: one
/// fsync fails with EIO, and what was written to that file since the one before is not there; the next fsync succeeds.
///
///   FERMO_LOSE_AT   the how-manieth fsync or fdatasync of a file fails; 0 or nothing: none
///   FERMO_LOSE_LOG  file to which the number of these calls goes, when the program ends
///
/// Octets that a program writes through mapped memory are not known here.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "crash/preloaded.h"

namespace {

using File = std::pair<dev_t, ino_t>;

struct Octets {
  off_t at;
  off_t count;
};

std::mutex mutex;
std::uint64_t syncs = 0;
std::uint64_t lose_at = 0;
int log_file = -1;  // open from the beginning: the program may give up files

/// What was written since the last sync. It outlives what is destroyed when the program ends.
std::map<File, std::vector<Octets>>& unsynced() {
  static auto* const all = new std::map<File, std::vector<Octets>>();
  return *all;
}

bool is_file(int descriptor, struct stat& status) {
  const int before = errno;
  const bool found = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  errno = before;
  return found;
}

void note(int descriptor, off_t at, ssize_t written) {
  struct stat status{};
  if (lose_at == 0 || written <= 0 || !is_file(descriptor, status)) return;
  const std::lock_guard lock(mutex);
  unsynced()[{status.st_dev, status.st_ino}].push_back({at, written});
}

void note_at_offset(int descriptor, ssize_t written) {
  if (lose_at != 0 && written > 0) note(descriptor, ::lseek(descriptor, 0, SEEK_CUR) - written, written);
}

/// The descriptor that is synced may be for reading alone.
int open_to_write(int descriptor) {
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", descriptor);
  const auto opened = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path.data(), O_WRONLY | O_CLOEXEC));
  if (opened < 0) std::abort();
  return opened;
}

void lose(const Octets& octets, int descriptor, off_t file_octets) {
  static constexpr std::array<char, 4096> zeros{};
  const off_t end = std::min(octets.at + octets.count, file_octets);
  for (off_t at = octets.at; at < end;) {
    const auto count = static_cast<std::size_t>(std::min<off_t>(end - at, zeros.size()));
    if (::syscall(SYS_pwrite64, descriptor, zeros.data(), count, at) < 0) std::abort();
    at += static_cast<off_t>(count);
  }
}

template <class Function>
int sync(const char* name, Function /*type*/, int descriptor) {
  struct stat status{};
  if (!is_file(descriptor, status)) return preloaded::original<Function>(name)(descriptor);
  {
    const std::lock_guard lock(mutex);
    const std::vector<Octets> written = std::exchange(unsynced()[{status.st_dev, status.st_ino}], {});
    if (++syncs == lose_at) {
      const int file = open_to_write(descriptor);
      for (const Octets& octets : written) lose(octets, file, status.st_size);
      ::syscall(SYS_close, file);
      errno = EIO;
      return -1;
    }
  }
  return preloaded::original<Function>(name)(descriptor);
}

__attribute__((constructor)) void begin() {
  const char* const at = std::getenv("FERMO_LOSE_AT");
  if (at != nullptr) lose_at = std::strtoull(at, nullptr, 10);
  if (const char* const path = std::getenv("FERMO_LOSE_LOG"); path != nullptr) {
    log_file = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  }
  ::unsetenv("LD_PRELOAD");
}

__attribute__((destructor)) void end() {
  if (log_file < 0) return;
  std::array<char, 32> line{};
  const int octets = std::snprintf(line.data(), line.size(), "%llu\n", static_cast<unsigned long long>(syncs));
  ::syscall(SYS_ftruncate, log_file, 0);
  ::syscall(SYS_pwrite64, log_file, line.data(), static_cast<std::size_t>(octets), 0);
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* octets, size_t count) {
  const ssize_t written = preloaded::original<decltype(&::write)>("write")(fd, octets, count);
  note_at_offset(fd, written);
  return written;
}
ssize_t writev(int fd, const iovec* parts, int count) {
  const ssize_t written = preloaded::original<decltype(&::writev)>("writev")(fd, parts, count);
  note_at_offset(fd, written);
  return written;
}
ssize_t pwrite(int fd, const void* octets, size_t count, off_t at) {
  const ssize_t written = preloaded::original<decltype(&::pwrite)>("pwrite")(fd, octets, count, at);
  note(fd, at, written);
  return written;
}
ssize_t pwrite64(int fd, const void* octets, size_t count, off64_t at) {
  const ssize_t written = preloaded::original<decltype(&::pwrite64)>("pwrite64")(fd, octets, count, at);
  note(fd, at, written);
  return written;
}
int fsync(int fd) {
  return sync("fsync", &::fsync, fd);
}
int fdatasync(int fd) {
  return sync("fdatasync", &::fdatasync, fd);
}

}  // extern "C"
