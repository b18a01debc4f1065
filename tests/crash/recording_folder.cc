/// A folder in which everything that is done to files is recorded in its order, so that afterwards it can be put into
/// any state that a power cut may leave by the letter of POSIX: the octets of a file that fsync did not come after may
/// be lost, and the entries of a folder likewise, whatever else was synced. Journalling file systems keep more than
/// that.
///
///   recording_folder FOLDER LOG UNDERNEATH
///
/// FOLDER becomes a file system (FUSE) over the folder UNDERNEATH, with the file `position` beside what is there: how
/// many operations were recorded so far. An operation in LOG is
///
///   inode (8 octets), other (8), octets (4), kind (2), length of the name (2), each the least significant octet first
///
/// then the name and the octets. `power_folder.py` reads it.

#define FUSE_USE_VERSION 31
#include <dirent.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "crash/recording.h"

namespace {

using fermo::crash::Recording;

enum class Kind : std::uint16_t {
  write,        ///< inode; other: offset
  truncate,     ///< inode; other: octets that it has now
  sync,         ///< inode
  sync_folder,  ///< inode
  make,         ///< inode: folder; other: the new inode; octets: its mode
  link,         ///< inode: folder; other: inode
  remove,       ///< inode: folder
  rename,       ///< inode: folder; other: the other folder; name and octets: the names
  mode,         ///< inode; other: mode
};

struct Header {
  std::uint64_t inode;
  std::uint64_t other;
  std::uint32_t octets;
  Kind kind;
  std::uint16_t name_octets;
};
static_assert(sizeof(Header) == 24);

// The calls of libfuse have no argument for them; it is told to use one thread.
Recording recording;
int root = -1;

bool add(Kind kind, std::uint64_t inode, std::uint64_t other, std::string_view name, std::string_view octets) {
  const Header header{inode, other, static_cast<std::uint32_t>(octets.size()), kind,
                      static_cast<std::uint16_t>(name.size())};
  return recording.add(header, name, octets);
}

/// libfuse gives a file that is open and loses its last name such a one, so that the file can still be asked about.
constexpr std::string_view hidden_prefix = ".fuse_hidden";

/// The name that a hidden file had: either it was deleted, or what is renamed next takes its place.
struct Hidden {
  std::uint64_t folder;
  std::string name;
};
std::optional<Hidden> hidden;

bool settle_hidden() {
  if (!hidden) return true;
  const Hidden gone = *std::exchange(hidden, std::nullopt);
  return add(Kind::remove, gone.folder, 0, gone.name, {});
}

int record(Kind kind, std::uint64_t inode, std::uint64_t other = 0, std::string_view name = {},
           std::string_view octets = {}) {
  return settle_hidden() && add(kind, inode, other, name, octets) ? 0 : -EIO;
}

/// libfuse names files from "/" on; underneath they are relative to `root`.
const char* below(const char* path) {
  return path[1] == '\0' ? "." : path + 1;
}

int outcome(int result) {
  return result < 0 ? -errno : 0;
}

std::uint64_t inode_of(int file) {
  struct stat status{};
  ::fstat(file, &status);
  return status.st_ino;
}
std::uint64_t inode_of(const char* path) {
  struct stat status{};
  ::fstatat(root, below(path), &status, AT_SYMLINK_NOFOLLOW);
  return status.st_ino;
}

struct Entry {
  explicit Entry(const char* path) {
    const std::string_view whole(path);
    const auto slash = whole.rfind('/');
    name = whole.substr(slash + 1);
    folder = inode_of(slash == 0 ? "/" : std::string(whole.substr(0, slash)).c_str());
  }
  std::uint64_t folder;
  std::string_view name;
};

int file_of(const fuse_file_info* file) {
  return static_cast<int>(file->fh);
}

/// After something new was made at `path`.
int record_new(const char* path) {
  struct stat status{};
  if (::fstatat(root, below(path), &status, AT_SYMLINK_NOFOLLOW) != 0) return -errno;
  const auto mode = static_cast<std::uint32_t>(status.st_mode);
  const Entry entry(path);
  return record(Kind::make, entry.folder, status.st_ino, entry.name,
                {reinterpret_cast<const char*>(&mode), sizeof mode});
}

int get_attributes(const char* path, struct stat* status, fuse_file_info* file) {
  if (file != nullptr) return outcome(::fstat(file_of(file), status));
  if (path == Recording::position_name) {
    *status = {};
    status->st_mode = S_IFREG | 0400;
    return 0;
  }
  return outcome(::fstatat(root, below(path), status, AT_SYMLINK_NOFOLLOW));
}

int make_node(const char* path, mode_t mode, dev_t device) {
  if (::mknodat(root, below(path), mode, device) != 0) return -errno;
  return record_new(path);
}

int make_folder(const char* path, mode_t mode) {
  if (::mkdirat(root, below(path), mode) != 0) return -errno;
  return record_new(path);
}

int remove_entry(const char* path, int flags) {
  if (::unlinkat(root, below(path), flags) != 0) return -errno;
  const Entry entry(path);
  return entry.name.starts_with(hidden_prefix) ? 0 : record(Kind::remove, entry.folder, 0, entry.name);
}
int remove_file(const char* path) {
  return remove_entry(path, 0);
}
int remove_folder(const char* path) {
  return remove_entry(path, AT_REMOVEDIR);
}

int rename_entry(const char* from, const char* to, unsigned flags) {
  if (::renameat2(root, below(from), root, below(to), flags) != 0) return -errno;
  const Entry before(from);
  const Entry after(to);
  if (after.name.starts_with(hidden_prefix)) {
    if (!settle_hidden()) return -EIO;
    hidden = Hidden{before.folder, std::string(before.name)};
    return 0;
  }
  if (hidden && hidden->folder == after.folder && hidden->name == after.name) hidden.reset();
  return record(Kind::rename, before.folder, after.folder, before.name, after.name);
}

int link_entry(const char* from, const char* to) {
  if (::linkat(root, below(from), root, below(to), 0) != 0) return -errno;
  const Entry entry(to);
  return record(Kind::link, entry.folder, inode_of(to), entry.name);
}

int change_mode(const char* path, mode_t mode, fuse_file_info* /*file*/) {
  if (::fchmodat(root, below(path), mode, 0) != 0) return -errno;
  return record(Kind::mode, inode_of(path), mode);
}

int change_owner(const char* path, uid_t user, gid_t group, fuse_file_info* /*file*/) {
  return outcome(::fchownat(root, below(path), user, group, AT_SYMLINK_NOFOLLOW));
}

int change_times(const char* path, const timespec times[2], fuse_file_info* /*file*/) {
  return outcome(::utimensat(root, below(path), times, AT_SYMLINK_NOFOLLOW));
}

int open_file(const char* path, fuse_file_info* file) {
  if (path == Recording::position_name) {
    file->direct_io = 1;
    file->fh = static_cast<std::uint64_t>(-1);
    return 0;
  }
  // The kernel says where what is appended goes.
  const int opened = ::openat(root, below(path), (file->flags & ~(O_APPEND | O_NOFOLLOW)) | O_CLOEXEC);
  if (opened < 0) return -errno;
  file->fh = static_cast<std::uint64_t>(opened);
  return (file->flags & O_TRUNC) != 0 ? record(Kind::truncate, inode_of(opened)) : 0;
}

int create_file(const char* path, mode_t mode, fuse_file_info* file) {
  const int opened = ::openat(root, below(path), (file->flags & ~O_APPEND) | O_CREAT | O_CLOEXEC, mode);
  if (opened < 0) return -errno;
  file->fh = static_cast<std::uint64_t>(opened);
  return record_new(path);
}

int read_file(const char* path, char* into, std::size_t octets, off_t offset, fuse_file_info* file) {
  if (path != nullptr && path == Recording::position_name) {
    if (!settle_hidden()) return -EIO;
    return recording.read_position(into, octets, static_cast<std::size_t>(offset));
  }
  const ssize_t got = ::pread(file_of(file), into, octets, offset);
  return got < 0 ? -errno : static_cast<int>(got);
}

int write_file(const char* /*path*/, const char* octets, std::size_t count, off_t offset, fuse_file_info* file) {
  const ssize_t put = ::pwrite(file_of(file), octets, count, offset);
  if (put < 0) return -errno;
  const auto written = static_cast<std::size_t>(put);
  const auto at = static_cast<std::uint64_t>(offset);
  const int recorded = record(Kind::write, inode_of(file_of(file)), at, {}, {octets, written});
  return recorded < 0 ? recorded : static_cast<int>(put);
}

int truncate_file(const char* path, off_t octets, fuse_file_info* file) {
  const int opened = file != nullptr ? file_of(file) : ::openat(root, below(path), O_WRONLY | O_CLOEXEC);
  int done = outcome(::ftruncate(opened, octets));
  if (done == 0) done = record(Kind::truncate, inode_of(opened), static_cast<std::uint64_t>(octets));
  if (file == nullptr) ::close(opened);
  return done;
}

/// Room for later changes nothing that can be seen.
int reserve(const char* /*path*/, int mode, off_t offset, off_t octets, fuse_file_info* file) {
  if (mode != FALLOC_FL_KEEP_SIZE) return -EOPNOTSUPP;
  return outcome(::fallocate(file_of(file), mode, offset, octets));
}

int sync_file(const char* /*path*/, int /*data_only*/, fuse_file_info* file) {
  return record(Kind::sync, inode_of(file_of(file)));
}

int sync_folder(const char* path, int /*data_only*/, fuse_file_info* /*file*/) {
  return record(Kind::sync_folder, inode_of(path));
}

int close_file(const char* path, fuse_file_info* file) {
  if (path == nullptr || path != Recording::position_name) ::close(file_of(file));
  return 0;
}

int read_folder(const char* path, void* into, fuse_fill_dir_t fill, off_t /*offset*/, fuse_file_info* /*file*/,
                fuse_readdir_flags /*flags*/) {
  const int opened = ::openat(root, below(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const folder = opened < 0 ? nullptr : ::fdopendir(opened);
  if (folder == nullptr) return -errno;
  while (const dirent* const entry = ::readdir(folder)) {
    if (!std::string_view(entry->d_name).starts_with(hidden_prefix)) {
      fill(into, entry->d_name, nullptr, 0, fuse_fill_dir_flags{});
    }
  }
  ::closedir(folder);
  return 0;
}

int file_system_status(const char* /*path*/, struct statvfs* status) {
  return outcome(::fstatvfs(root, status));
}

void* begin(fuse_conn_info* /*connection*/, fuse_config* config) {
  config->use_ino = 1;
  fermo::crash::say_ready();
  return nullptr;
}

fuse_operations operations() {
  fuse_operations all{};
  all.init = begin;
  all.getattr = get_attributes;
  all.mknod = make_node;
  all.mkdir = make_folder;
  all.unlink = remove_file;
  all.rmdir = remove_folder;
  all.rename = rename_entry;
  all.link = link_entry;
  all.chmod = change_mode;
  all.chown = change_owner;
  all.utimens = change_times;
  all.open = open_file;
  all.create = create_file;
  all.read = read_file;
  all.write = write_file;
  all.truncate = truncate_file;
  all.fallocate = reserve;
  all.fsync = sync_file;
  all.fsyncdir = sync_folder;
  all.release = close_file;
  all.readdir = read_folder;
  all.statfs = file_system_status;
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("recording_folder FOLDER LOG UNDERNEATH\n", stderr);
    return 64;
  }
  // Whoever started it needs it no longer than it lives itself.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::umask(0);
  root = ::open(argv[3], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0 || !recording.open(argv[2])) {
    std::perror("recording_folder");
    return 74;
  }
  const fuse_operations calls = operations();
  std::array<char*, 4> arguments{argv[0], const_cast<char*>("-f"), const_cast<char*>("-s"), argv[1]};
  return fuse_main(static_cast<int>(arguments.size()), arguments.data(), &calls, nullptr);
}
