#include "fermo/store_turn.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace fermo::commands {
namespace {

bool lock(int fd, int operation) {
  while (::flock(fd, operation) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

}  // namespace

Outcome<StoreTurn> StoreTurn::take(const std::filesystem::path& data, const Console& console) {
  const auto path = data / "lock";
  const auto complain = [&](const char* what) {
    console.complain(std::string("cannot ") + what + " " + path.string() + ": " + std::strerror(errno));
    return errno == EACCES || errno == EPERM ? ExitCode::no_permission : ExitCode::cannot_create;
  };
  StoreTurn turn(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
  if (turn.fd_ < 0) return complain("open");
  if (lock(turn.fd_, LOCK_EX | LOCK_NB)) return turn;
  if (errno != EWOULDBLOCK) return complain("lock");
  if (console.terminal.is_interactive()) {
    console.complain("waiting for another command that is using the store in " + data.string());
  }
  if (!lock(turn.fd_, LOCK_EX)) return complain("lock");
  return turn;
}

StoreTurn::~StoreTurn() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace fermo::commands
