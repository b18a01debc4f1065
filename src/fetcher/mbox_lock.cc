#include "fetcher/mbox_lock.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>

#include "base/limits.h"
#include "base/random.h"

namespace fermo::fetcher {
namespace {

namespace fs = std::filesystem;
using fetch::Error;
using SteadyClock = std::chrono::steady_clock;

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// Whoever made the lock file is dead or has forgotten it.
bool is_stale(const fs::path& lock_file) {
  std::error_code error;
  const auto written = fs::last_write_time(lock_file, error);
  if (error) return false;
  if (fs::file_time_type::clock::now() - written > limits::mbox_lock_age_max) return true;
  std::ifstream file(lock_file);
  std::string who;
  std::string host;
  pid_t process = 0;
  const bool ours = file >> who >> host >> process && who == "fermo" && host == host_name() && process > 0;
  return ours && ::kill(process, 0) != 0 && errno == ESRCH;
}

/// Waits for something to change in a folder.
class FolderWatch {
 public:
  explicit FolderWatch(const fs::path& folder) : descriptor_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    good_ = descriptor_ &&
            ::inotify_add_watch(descriptor_.get(), folder.c_str(), IN_DELETE | IN_MOVED_FROM | IN_CLOSE) >= 0;
  }

  /// False when the time is over, or when nobody can tell of changes.
  bool wait_until(SteadyClock::time_point deadline) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now());
    if (!good_ || left.count() <= 0) return false;
    struct pollfd ready{descriptor_.get(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return false;
    std::array<char, 4096> events{};
    while (::read(descriptor_.get(), events.data(), events.size()) > 0) {
    }
    return true;
  }

 private:
  Descriptor descriptor_;
  bool good_ = false;
};

}  // namespace

Result<MboxLock> MboxLock::take(const fs::path& mbox, FileOps& ops) {
  MboxLock lock(ops);
  if (auto made = lock.make_lock_file(mbox); !made) return made.error();
  auto file = ops.open(mbox, O_RDWR | O_CREAT, 0600);
  if (!file) return file.error();
  lock.file_ = std::move(*file);
  if (auto locked = lock.lock_records(mbox); !locked) return locked.error();
  return lock;
}

MboxLock::~MboxLock() {
  if (!lock_file_.empty()) static_cast<void>(ops_.unlink(lock_file_));
}

Result<void> MboxLock::make_lock_file(const fs::path& mbox) {
  if (::access(folder_of(mbox).c_str(), W_OK) != 0) return {};
  const fs::path wanted = mbox.native() + ".lock";
  const fs::path mine = wanted.native() + "." + std::to_string(random_u64());
  auto file = ops_.open(mine, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (!file) return file.error();
  auto taken = ops_.write(file->get(), "fermo " + host_name() + " " + std::to_string(::getpid()) + "\n");
  // After a power cut an empty lock file would not say that whoever made it is dead.
  if (taken) taken = ops_.sync(file->get());
  FolderWatch watch(folder_of(mbox));
  const auto deadline = SteadyClock::now() + limits::mbox_lock_time_max;
  while (taken) {
    const auto linked = ops_.link(mine, wanted);
    if (!linked) taken = linked.error();
    if (!linked || *linked) break;
    if (is_stale(wanted)) {
      taken = ops_.unlink(wanted);
    } else if (!watch.wait_until(deadline)) {
      taken = Error::in_use;
    }
  }
  static_cast<void>(ops_.unlink(mine));
  if (taken) lock_file_ = wanted;
  return taken;
}

Result<void> MboxLock::lock_records(const fs::path& mbox) {
  FolderWatch watch(folder_of(mbox));
  const auto deadline = SteadyClock::now() + limits::mbox_lock_time_max;
  struct flock whole{};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  while (::fcntl(file_.get(), F_OFD_SETLK, &whole) != 0) {
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) return fetch::from_errno(errno);
    if (!watch.wait_until(deadline)) return Error::in_use;
  }
  return {};
}

}  // namespace fermo::fetcher
