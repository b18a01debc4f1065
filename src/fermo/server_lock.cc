#include "fermo/server_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace fermo::commands {
namespace {

std::filesystem::path server_path(const std::filesystem::path& data) {
  return data / "server.lock";
}
std::filesystem::path processes_path(const std::filesystem::path& data) {
  return data / "processes.lock";
}

bool lock(const Descriptor& file, int operation) {
  while (::flock(file.get(), operation) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

Descriptor open_to_lock(const std::filesystem::path& path) {
  return Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
}

ExitCode complain(const Console& console, const std::filesystem::path& path) {
  const int failure = errno;
  console.complain("cannot lock " + path.string() + ": " + std::strerror(failure));
  return failure == EACCES || failure == EPERM ? ExitCode::no_permission : ExitCode::cannot_create;
}

}  // namespace

Outcome<ServerLock> ServerLock::take(const std::filesystem::path& data, const Console& console) {
  Descriptor server = open_to_lock(server_path(data));
  if (!server) return complain(console, server_path(data));
  if (!lock(server, LOCK_EX | LOCK_NB)) {
    if (errno != EWOULDBLOCK) return complain(console, server_path(data));
    console.complain("another fermo serve is running on the data folder " + data.string() +
                     "; stop it first, or name another folder with --data");
    return ExitCode::unavailable;
  }
  Descriptor processes = open_to_lock(processes_path(data));
  if (!processes) return complain(console, processes_path(data));
  if (lock(processes, LOCK_EX | LOCK_NB)) return ServerLock(std::move(server), std::move(processes));
  if (console.terminal.is_interactive()) {
    console.complain("waiting for the processes of a server that was killed on " + data.string());
  }
  if (!lock(processes, LOCK_EX)) return complain(console, processes_path(data));
  return ServerLock(std::move(server), std::move(processes));
}

void ServerLock::await_killed(const std::filesystem::path& data) {
  const Descriptor server(::open(server_path(data).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!server || !lock(server, LOCK_SH | LOCK_NB)) return;
  const Descriptor processes(::open(processes_path(data).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (processes) lock(processes, LOCK_SH);
}

}  // namespace fermo::commands
