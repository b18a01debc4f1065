#include "fermo/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "auth/file_replacement.h"

namespace fermo::commands {
namespace {

using auth::Descriptor;

bool write_all(const Descriptor& file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(file.number(), text.data(), text.size());
    if (put < 0 && errno != EINTR) return false;
    if (put > 0) text.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

/// A folder that may be passed through but not read cannot be synced, nor can some that are no folders on a disk: what
/// is in them was made by somebody else.
bool sync_if_possible(const std::filesystem::path& folder) {
  return sync_folder(folder) || errno == EACCES || errno == EINVAL;
}

/// Makes the folder and those above it that are missing. The entry of the first one that is there is synced too:
/// whoever made it may have been killed before he did so. He made those above it before, and synced them.
bool make_durably(const std::filesystem::path& folder, mode_t mode) {
  const auto parent = folder.parent_path();
  std::error_code error;
  if (parent == folder) return true;
  if (!std::filesystem::exists(folder, error)) {
    if (!make_durably(parent, S_IRWXU | S_IRWXG | S_IRWXO)) return false;
    if (::mkdir(folder.c_str(), mode) != 0 && errno != EEXIST) return false;
  }
  return sync_if_possible(parent);
}

}  // namespace

std::optional<std::string> read_small_file(const std::filesystem::path& path, std::size_t octets_max) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return std::nullopt;
  std::string text;
  for (std::size_t filled = 0;;) {
    constexpr std::size_t step_octets = 64 * 1024;
    text.resize(filled + step_octets);
    const ssize_t got = ::read(file.number(), text.data() + filled, step_octets);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    filled += static_cast<std::size_t>(got);
    if (filled > octets_max) {
      errno = EFBIG;
      return std::nullopt;
    }
    if (got > 0) continue;
    text.resize(filled);
    return text;
  }
}

bool replace_file(const std::filesystem::path& path, std::string_view text) {
  auto fresh = path;
  fresh += ".new";
  if (::unlink(fresh.c_str()) != 0 && errno != ENOENT) return false;
  const Descriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
  if (!file || !write_all(file, text) || ::fsync(file.number()) != 0) return false;
  return std::rename(fresh.c_str(), path.c_str()) == 0 && sync_folder(path.parent_path());
}

bool make_folder(const std::filesystem::path& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error).lexically_normal();
  return make_durably(absolute.has_filename() ? absolute : absolute.parent_path(), S_IRWXU);
}

bool sync_folder(const std::filesystem::path& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened && ::fsync(opened.number()) == 0;
}

}  // namespace fermo::commands
