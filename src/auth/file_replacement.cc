#include "auth/file_replacement.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "auth/error.h"
#include "base/limits.h"

namespace fermo::auth {
namespace {

constexpr int symbolic_links_max = 40;  // as path_resolution(7)
constexpr mode_t private_mode = 0600;

error_code last_error() {
  return from_errno(errno);
}

/// Runs a system call again for as long as a signal interrupts it.
template <class Call>
auto uninterrupted(Call call) {
  auto outcome = call();
  while (outcome < 0 && errno == EINTR) outcome = call();
  return outcome;
}

/// Where `path` leads when every symbolic link in its last component is followed. (Those before it open() follows.)
Result<std::filesystem::path> followed(std::filesystem::path path) {
  std::error_code error;
  for (int i = 0; i < symbolic_links_max; ++i) {
    if (!std::filesystem::is_symlink(path, error)) return path;
    const auto target = std::filesystem::read_symlink(path, error);
    if (error) return error_code(from_errno(error.value()));
    path = path.parent_path() / target;
  }
  return error_code(Error::not_a_file);
}

/// A file that root makes belongs to whoever the folder belongs to: `sudo fermo user add` must not lock the service
/// out.
bool give_to_folder_owner(const Descriptor& file, const Descriptor& folder) {
  if (::geteuid() != 0) return true;
  struct ::stat status;
  return ::fstat(folder.number(), &status) == 0 && ::fchown(file.number(), status.st_uid, status.st_gid) == 0;
}

/// The lock file, made when there is none. Only one that we made ourselves is given away: another might be a hard link
/// that somebody planted.
Result<Descriptor> lock_file(const Descriptor& folder, const std::string& name) {
  constexpr int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  Descriptor made(::openat(folder.number(), name.c_str(), flags | O_CREAT | O_EXCL, private_mode));
  if (made) {
    if (!give_to_folder_owner(made, folder)) return last_error();
    return made;
  }
  if (errno != EEXIST) return last_error();
  Descriptor found(::openat(folder.number(), name.c_str(), flags));
  if (!found) return last_error();
  return found;
}

Result<Descriptor> locked(const Descriptor& folder, const std::string& name) {
  auto lock = lock_file(folder, name);
  if (lock && uninterrupted([&] { return ::flock(lock->number(), LOCK_EX); }) != 0) return last_error();
  return lock;
}

/// Mode and owner of the old file; without one, mode 0600 and the owner of the folder.
bool take_over_attributes(const Descriptor& file, const Descriptor& folder, const std::string& old_name) {
  struct ::stat old;
  if (::fstatat(folder.number(), old_name.c_str(), &old, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT && give_to_folder_owner(file, folder);
  }
  struct ::stat made;
  if (::fstat(file.number(), &made) != 0) return false;
  const bool same_owner = made.st_uid == old.st_uid && made.st_gid == old.st_gid;
  if (!same_owner && ::fchown(file.number(), old.st_uid, old.st_gid) != 0) return false;
  return ::fchmod(file.number(), old.st_mode & 0777) == 0;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

void Descriptor::reset() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Result<std::string> read_whole(const Descriptor& file, std::size_t octets_max) {
  struct ::stat status;
  if (::fstat(file.number(), &status) != 0) return last_error();
  if (!S_ISREG(status.st_mode)) return error_code(Error::not_a_file);
  std::string text;
  for (std::size_t filled = 0;;) {
    // One more than it should hold, so that the end is seen without growing.
    text.resize(std::max(filled + 4096, static_cast<std::size_t>(status.st_size) + 1));
    const ssize_t got = uninterrupted(
        [&] { return ::pread(file.number(), text.data() + filled, text.size() - filled, static_cast<off_t>(filled)); });
    if (got < 0) return last_error();
    filled += static_cast<std::size_t>(got);
    if (filled > octets_max) return error_code(Error::too_large);
    if (got > 0) continue;
    text.resize(filled);
    return text;
  }
}

FileReplacement::FileReplacement(Descriptor folder, std::string name, Descriptor lock)
    : folder_(std::move(folder)), name_(std::move(name)), lock_(std::move(lock)) {}

Result<FileReplacement> FileReplacement::begin(const std::filesystem::path& path) {
  const auto file = followed(path);
  if (!file) return file.error();
  const auto parent = file->has_parent_path() ? file->parent_path() : std::filesystem::path(".");
  std::string name = file->filename();
  if (name.empty() || name == "." || name == "..") return error_code(Error::not_a_file);
  Descriptor folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return last_error();
  auto lock = locked(folder, name + ".lock");
  if (!lock) return lock.error();
  return FileReplacement(std::move(folder), std::move(name), std::move(*lock));
}

FileReplacement::~FileReplacement() {
  if (new_file_) ::unlinkat(folder_.number(), new_name().c_str(), 0);
}

Result<std::optional<std::string>> FileReplacement::current() const {
  const Descriptor file(::openat(folder_.number(), name_.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file && errno == ENOENT) return std::optional<std::string>();
  if (!file) return last_error();
  auto text = read_whole(file, limits::password_file_octets_max);
  if (!text) return text.error();
  return std::optional(std::move(*text));
}

Result<void> FileReplacement::create() {
  // Left by a writer that was killed: nobody else can be writing it while we hold the lock.
  if (::unlinkat(folder_.number(), new_name().c_str(), 0) != 0 && errno != ENOENT) return last_error();
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  new_file_ = Descriptor(::openat(folder_.number(), new_name().c_str(), flags, private_mode));
  if (!new_file_ || !take_over_attributes(new_file_, folder_, name_)) return last_error();
  return {};
}

Result<void> FileReplacement::append(std::string_view text) {
  if (!new_file_) {
    if (auto created = create(); !created) return created;
  }
  while (!text.empty()) {
    const ssize_t put = uninterrupted([&] { return ::write(new_file_.number(), text.data(), text.size()); });
    if (put < 0) return last_error();
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Result<void> FileReplacement::sync() {
  if (::fsync(new_file_.number()) != 0) return last_error();
  return {};
}

Result<void> FileReplacement::rename() {
  if (::renameat(folder_.number(), new_name().c_str(), folder_.number(), name_.c_str()) != 0) return last_error();
  new_file_.reset();
  return {};
}

Result<void> FileReplacement::sync_folder() {
  if (::fsync(folder_.number()) != 0) return last_error();
  return {};
}

Result<void> FileReplacement::commit(std::string_view text) {
  if (auto done = append(text); !done) return done;
  if (auto done = sync(); !done) return done;
  if (auto done = rename(); !done) return done;
  return sync_folder();
}

}  // namespace fermo::auth
