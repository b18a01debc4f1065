/// Disks whose writes and flushes are recorded in their order, so that afterwards each can be put into the state that a
/// power cut at any moment would have left it in.
///
///   recording_disk FOLDER LOG IMAGE…
///
/// FOLDER becomes a file system (FUSE) with one file for each image, named 0, 1 and so on, for loop devices to stand
/// on, and with the file `position`: how many operations were recorded so far, on all disks. An operation is in LOG
/// before the loop device hears that it is done, as
///
///   offset (8 octets), length (4), disk (2), 0 for a write or 1 for a flush (2), each the least significant octet
///   first
///
/// and the octets of a write. `power_disks.py` reads it. "ready" is printed when the files are there.

#define FUSE_USE_VERSION 31
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>
#include <vector>

#include "crash/recording.h"

namespace {

using fermo::crash::Recording;

enum class Kind : std::uint16_t { write, flush };

struct Header {
  std::uint64_t offset;
  std::uint32_t octets;
  std::uint16_t disk;
  Kind kind;
};
static_assert(sizeof(Header) == 16);

constexpr std::string_view position_name = Recording::position_name;
constexpr unsigned write_octets_max = 1U << 20;

// The calls of libfuse have no argument for them; it is told to use one thread.
Recording recording;
std::vector<int> images;

std::optional<std::uint16_t> disk_of(std::string_view path) {
  std::uint16_t disk = 0;
  const auto [end, error] = std::from_chars(path.data() + 1, path.data() + path.size(), disk);
  if (error != std::errc() || end != path.data() + path.size() || disk >= images.size()) return std::nullopt;
  return disk;
}

bool record(const Header& header, std::string_view octets) {
  return recording.add(header, {}, octets);
}

int get_attributes(const char* path, struct stat* status, fuse_file_info* /*file*/) {
  *status = {};
  if (std::string_view(path) == "/") {
    status->st_mode = S_IFDIR | 0700;
    return 0;
  }
  if (path == position_name) {
    status->st_mode = S_IFREG | 0400;
    return 0;
  }
  const auto disk = disk_of(path);
  if (!disk) return -ENOENT;
  return ::fstat(images[*disk], status) == 0 ? 0 : -errno;
}

int open_file(const char* path, fuse_file_info* file) {
  const auto disk = disk_of(path);
  if (!disk && path != position_name) return -ENOENT;
  file->direct_io = 1;  // the kernel keeps nothing back: neither a write nor an old position
  file->fh = disk.value_or(0);
  return 0;
}

int read_file(const char* path, char* into, std::size_t octets, off_t offset, fuse_file_info* file) {
  if (path == position_name) return recording.read_position(into, octets, static_cast<std::size_t>(offset));
  const ssize_t got = ::pread(images[file->fh], into, octets, offset);
  return got < 0 ? -errno : static_cast<int>(got);
}

int write_file(const char* /*path*/, const char* octets, std::size_t count, off_t offset, fuse_file_info* file) {
  const Header header{static_cast<std::uint64_t>(offset), static_cast<std::uint32_t>(count),
                      static_cast<std::uint16_t>(file->fh), Kind::write};
  if (::pwrite(images[file->fh], octets, count, offset) != static_cast<ssize_t>(count)) return -EIO;
  return record(header, {octets, count}) ? static_cast<int>(count) : -EIO;
}

int flush_disk(const char* /*path*/, int /*data_only*/, fuse_file_info* file) {
  return record({0, 0, static_cast<std::uint16_t>(file->fh), Kind::flush}, {}) ? 0 : -EIO;
}

void* begin(fuse_conn_info* connection, fuse_config* /*config*/) {
  connection->max_write = write_octets_max;
  fermo::crash::say_ready();
  return nullptr;
}

bool open_images(int count, char** paths) {
  for (int n = 0; n < count; ++n) {
    images.push_back(::open(paths[n], O_RDWR | O_CLOEXEC));
    if (images.back() < 0) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("recording_disk FOLDER LOG IMAGE...\n", stderr);
    return 64;
  }
  // Whoever started it needs it no longer than it lives itself.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!recording.open(argv[2]) || !open_images(argc - 3, argv + 3)) {
    std::perror("recording_disk");
    return 74;
  }
  fuse_operations operations{};
  operations.getattr = get_attributes;
  operations.open = open_file;
  operations.read = read_file;
  operations.write = write_file;
  operations.fsync = flush_disk;
  operations.init = begin;
  std::array<char*, 4> arguments{argv[0], const_cast<char*>("-f"), const_cast<char*>("-s"), argv[1]};
  return fuse_main(static_cast<int>(arguments.size()), arguments.data(), &operations, nullptr);
}
