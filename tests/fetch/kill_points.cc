/// Preloaded into a program (LD_PRELOAD), ends it as a crash would at one of the calls by which it changes a file or
/// speaks to the network. All threads count together.
///
///   FERMO_KILL_AT    the how-manieth of these calls it does not survive; 0 or nothing: it lives
///   FERMO_STOP_AT    a part of a path: before the first file is made whose path has it, the program stands still
///                    (SIGSTOP) until somebody has it go on
///   FERMO_KILL_TORN  1: if that call is a write, half of the octets are written first
///   FERMO_KILL_LOG   file to which the number of calls goes, and the name of the last one
///
/// A call that changes something ends the program before it is done, a call that receives after it is done: so every
/// state in between is met.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<std::uint64_t> points{0};
std::uint64_t kill_at = 0;
const char* stop_at_making = "";
std::atomic_flag stopped = ATOMIC_FLAG_INIT;
bool torn = false;
int log_file = -1;  // open from the beginning: the program may give up files

void log(const char* call, std::uint64_t point) {
  if (log_file < 0) return;
  char line[128];
  const int octets = std::snprintf(line, sizeof line, "%llu %s\n", static_cast<unsigned long long>(point), call);
  ::syscall(SYS_ftruncate, log_file, 0);
  ::syscall(SYS_pwrite64, log_file, line, static_cast<std::size_t>(octets), 0);
}

[[noreturn]] void die(const char* call) {
  log(call, kill_at);
  for (;;) ::kill(::getpid(), SIGKILL);
}

bool is_reached() {
  return ++points == kill_at;
}

/// Pipes and event descriptors are the program's own business.
bool counts(int descriptor) {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 && (S_ISREG(status.st_mode) || S_ISSOCK(status.st_mode));
}

template <class Function>
Function original(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

template <class Function, class... Arguments>
auto change(const char* name, Function /*type*/, Arguments... arguments) {
  if (is_reached()) die(name);
  return original<Function>(name)(arguments...);
}

/// `rest` is what follows the number of octets.
template <class Function, class... Rest>
ssize_t put(const char* name, Function /*type*/, int descriptor, const void* octets, std::size_t count, Rest... rest) {
  const auto function = original<Function>(name);
  if (counts(descriptor) && is_reached()) {
    if (torn) function(descriptor, octets, count / 2, rest...);
    die(name);
  }
  return function(descriptor, octets, count, rest...);
}

template <class Function, class... Arguments>
ssize_t get(const char* name, Function /*type*/, int descriptor, Arguments... arguments) {
  const ssize_t received = original<Function>(name)(descriptor, arguments...);
  struct stat status{};
  const bool network = received >= 0 && ::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
  if (network && is_reached()) die(name);
  return received;
}

int open_file(const char* name, const char* path, int flags, mode_t mode) {
  const bool makes = (flags & (O_CREAT | O_TRUNC)) != 0;
  if (makes && *stop_at_making != '\0' && std::strstr(path, stop_at_making) != nullptr && !stopped.test_and_set()) {
    ::kill(::getpid(), SIGSTOP);
  }
  if (makes && is_reached()) die(name);
  return original<int (*)(const char*, int, ...)>(name)(path, flags, mode);
}

mode_t mode_of(int flags, std::va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

/// What the program starts is not to be killed.
__attribute__((constructor)) void begin() {
  const auto variable = [](const char* name) {
    const char* const text = std::getenv(name);
    return text == nullptr ? "" : text;
  };
  kill_at = std::strtoull(variable("FERMO_KILL_AT"), nullptr, 10);
  stop_at_making = variable("FERMO_STOP_AT");
  torn = *variable("FERMO_KILL_TORN") == '1';
  if (const char* const path = variable("FERMO_KILL_LOG"); *path != '\0') {
    log_file = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  }
  ::unsetenv("LD_PRELOAD");
}

__attribute__((destructor)) void end() {
  log("exit", points);
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* octets, size_t count) {
  return put("write", &::write, fd, octets, count);
}
ssize_t pwrite(int fd, const void* octets, size_t count, off_t at) {
  return put("pwrite", &::pwrite, fd, octets, count, at);
}
ssize_t pwrite64(int fd, const void* octets, size_t count, off64_t at) {
  return put("pwrite64", &::pwrite64, fd, octets, count, at);
}
ssize_t send(int fd, const void* octets, size_t count, int flags) {
  return put("send", &::send, fd, octets, count, flags);
}
ssize_t sendto(int fd, const void* octets, size_t count, int flags, const sockaddr* to, socklen_t to_octets) {
  return put("sendto", &::sendto, fd, octets, count, flags, to, to_octets);
}
ssize_t writev(int fd, const iovec* parts, int count) {
  return change("writev", &::writev, fd, parts, count);
}
ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  return change("sendmsg", &::sendmsg, fd, message, flags);
}
int connect(int fd, const sockaddr* to, socklen_t to_octets) {
  return change("connect", &::connect, fd, to, to_octets);
}
int shutdown(int fd, int how) noexcept {
  return change("shutdown", &::shutdown, fd, how);
}

ssize_t read(int fd, void* into, size_t count) {
  return get("read", &::read, fd, into, count);
}
ssize_t recv(int fd, void* into, size_t count, int flags) {
  return get("recv", &::recv, fd, into, count, flags);
}
ssize_t recvmsg(int fd, msghdr* message, int flags) {
  return get("recvmsg", &::recvmsg, fd, message, flags);
}
// As the hardened build calls them.
ssize_t __read_chk(int fd, void* into, size_t count, size_t /*room*/) {
  return get("read", &::read, fd, into, count);
}
ssize_t __recv_chk(int fd, void* into, size_t count, size_t /*room*/, int flags) {
  return get("recv", &::recv, fd, into, count, flags);
}

int fsync(int fd) {
  return change("fsync", &::fsync, fd);
}
int fdatasync(int fd) {
  return change("fdatasync", &::fdatasync, fd);
}
int ftruncate(int fd, off_t octets) noexcept {
  return change("ftruncate", &::ftruncate, fd, octets);
}
int ftruncate64(int fd, off64_t octets) noexcept {
  return change("ftruncate64", &::ftruncate64, fd, octets);
}
int link(const char* from, const char* to) noexcept {
  return change("link", &::link, from, to);
}
int rename(const char* from, const char* to) noexcept {
  return change("rename", &::rename, from, to);
}
int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  return change("renameat", &::renameat, from_folder, from, to_folder, to);
}
int unlink(const char* path) noexcept {
  return change("unlink", &::unlink, path);
}
int mkdir(const char* path, mode_t mode) noexcept {
  return change("mkdir", &::mkdir, path, mode);
}

int open(const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_file("open", path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_file("open64", path, flags, mode);
}

}  // extern "C"
