/// Preloaded into a program (LD_PRELOAD) and all that it starts from its own file, lets calls fail as told, while it
/// runs, by a file that is shared with it:
///
///   FERMO_FAULTS    that file, which holds an Orders
///
/// Calls of one process that are of the kinds asked for are counted; that of number `at` fails, and as many after it as
/// asked for. Only calls that can meet the fault in earnest are counted: reading and writing files, not pipes.

#include <dirent.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "crash/preloaded.h"

namespace {

/// tests/crash/faults.py has the same numbers.
enum Kind : std::uint64_t {
  opening = 1,       ///< open, openat, opendir, fopen: of what is there
  making = 2,        ///< open with O_CREAT, fopen to write
  reading = 4,       ///< read, pread of files
  writing = 8,       ///< write, pwrite, writev of files; ftruncate; fallocate
  syncing = 16,      ///< fsync, fdatasync, sync_file_range
  removing = 32,     ///< unlink, rmdir
  descriptors = 64,  ///< what makes a descriptor and needs no file: socket, accept, pipe, dup, epoll, memfd
  mapping = 128,     ///< mmap
  talking = 256,     ///< sendmsg, recvmsg
  naming = 512,      ///< mkdir, link, rename
};

enum class Process : std::uint64_t { none, launcher, keys, store, auth, net, command };  // tests/crash/faults.py, too

struct Orders {
  std::atomic<std::uint64_t> kinds;
  std::atomic<std::uint64_t> process;
  std::atomic<std::uint64_t> error;
  std::atomic<std::uint64_t> at;     ///< 0: none fails.
  std::atomic<std::uint64_t> times;  ///< How many fail, in a row.
  std::atomic<std::uint64_t> count;  ///< Calls since `at` was set.
  std::atomic<std::uint64_t> failed;
  std::array<char, 64> name;  ///< Of the first call that failed.
};

Orders* orders = nullptr;
Process own_kind = Process::none;

Process process_of(std::string_view arguments) {
  constexpr std::array roles{std::string_view("keys"), std::string_view("store"), std::string_view("auth"),
                             std::string_view("net")};
  const auto second = arguments.find('\0') + 1;
  const std::string_view command = arguments.data() + second;
  if (command == "serve") return Process::launcher;
  if (command != "role") return Process::command;
  const std::string_view role = command.data() + command.size() + 1;
  for (std::size_t n = 0; n < roles.size(); ++n) {
    if (role == roles[n]) return static_cast<Process>(static_cast<std::size_t>(Process::keys) + n);
  }
  return Process::command;
}

Process own_process() {
  std::array<char, 4096> arguments{};
  const int file = ::open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  const ssize_t octets = ::read(file, arguments.data(), arguments.size() - 2);
  ::close(file);
  return octets > 0 ? process_of({arguments.data(), arguments.size()}) : Process::none;
}

preloaded::Inheritance<3>& inheritance() {
  static preloaded::Inheritance<3> all({"LD_PRELOAD", "FERMO_FAULTS", "ASAN_OPTIONS"});
  return all;
}

__attribute__((constructor)) void begin() {
  inheritance();
  const char* const path = std::getenv("FERMO_FAULTS");
  if (path == nullptr) return;
  own_kind = own_process();
  const int file = ::open(path, O_RDWR | O_CLOEXEC);
  void* const shared = ::mmap(nullptr, sizeof(Orders), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (shared != MAP_FAILED) orders = static_cast<Orders*>(shared);
}

/// Whether this call fails; errno is set then.
bool fails(Kind kind, const char* name) {
  if (orders == nullptr || static_cast<std::uint64_t>(own_kind) != orders->process) return false;
  const std::uint64_t at = orders->at;
  if (at == 0 || (orders->kinds & kind) == 0) return false;
  const std::uint64_t number = ++orders->count;
  if (number < at || number - at >= orders->times) return false;
  if (orders->failed++ == 0) std::strncpy(orders->name.data(), name, orders->name.size() - 1);
  errno = static_cast<int>(orders->error);
  return true;
}

/// What is said on standard error goes to a file of the test, which does not fail.
bool is_file(int descriptor) {
  if (descriptor == STDERR_FILENO) return false;
  struct stat status{};
  const int before = errno;
  const bool found = ::fstat(descriptor, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
  errno = before;
  return found;
}

/// `own` is the function here that stands before that of this name.
template <auto own, class... Arguments>
auto on_file(Kind kind, const char* name, int descriptor, Arguments... arguments) {
  static const auto function = preloaded::original<decltype(own)>(name);
  using Returned = decltype(function(descriptor, arguments...));
  if (is_file(descriptor) && fails(kind, name)) return static_cast<Returned>(-1);
  return function(descriptor, arguments...);
}

template <auto own, class... Arguments>
auto plainly(Kind kind, const char* name, Arguments... arguments) {
  static const auto function = preloaded::original<decltype(own)>(name);
  using Returned = decltype(function(arguments...));
  if (fails(kind, name)) return static_cast<Returned>(-1);
  return function(arguments...);
}

mode_t mode_of(int flags, std::va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

Kind kind_of(int flags) {
  return (flags & O_CREAT) != 0 ? making : opening;
}

std::FILE* open_stream(const char* name, const char* path, const char* mode) {
  static const auto function = preloaded::original<std::FILE* (*)(const char*, const char*)>(name);
  if (fails(*mode == 'r' ? opening : making, name)) return nullptr;
  return function(path, mode);
}

}  // namespace

extern "C" {

int execve(const char* path, char* const arguments[], char* const environment[]) noexcept {
  return inheritance().execute(path, arguments, environment);
}

// --- Making and opening files ----------------------------------------------------------------------------------------

#define OPEN(name)                                                              \
  int name(const char* path, int flags, ...) {                                  \
    std::va_list arguments;                                                     \
    va_start(arguments, flags);                                                 \
    const mode_t mode = mode_of(flags, arguments);                              \
    va_end(arguments);                                                          \
    static const auto function = preloaded::original<decltype(&::open)>(#name); \
    if (fails(kind_of(flags), #name)) return -1;                                \
    return function(path, flags, mode);                                         \
  }
OPEN(open)
OPEN(open64)

#define OPEN_AT(name)                                                             \
  int name(int folder, const char* path, int flags, ...) {                        \
    std::va_list arguments;                                                       \
    va_start(arguments, flags);                                                   \
    const mode_t mode = mode_of(flags, arguments);                                \
    va_end(arguments);                                                            \
    static const auto function = preloaded::original<decltype(&::openat)>(#name); \
    if (fails(kind_of(flags), #name)) return -1;                                  \
    return function(folder, path, flags, mode);                                   \
  }
OPEN_AT(openat)
OPEN_AT(openat64)

std::FILE* fopen(const char* path, const char* mode) {
  return open_stream("fopen", path, mode);
}
std::FILE* fopen64(const char* path, const char* mode) {
  return open_stream("fopen64", path, mode);
}
DIR* opendir(const char* path) {
  static const auto function = preloaded::original<decltype(&::opendir)>("opendir");
  return fails(opening, "opendir") ? nullptr : function(path);
}
int mkdir(const char* path, mode_t mode) noexcept {
  return plainly<&::mkdir>(naming, "mkdir", path, mode);
}
int link(const char* from, const char* to) noexcept {
  return plainly<&::link>(naming, "link", from, to);
}
int rename(const char* from, const char* to) noexcept {
  return plainly<&::rename>(naming, "rename", from, to);
}
int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  return plainly<&::renameat>(naming, "renameat", from_folder, from, to_folder, to);
}
int unlink(const char* path) noexcept {
  return plainly<&::unlink>(removing, "unlink", path);
}
int unlinkat(int folder, const char* path, int flags) noexcept {
  return plainly<&::unlinkat>(removing, "unlinkat", folder, path, flags);
}
int rmdir(const char* path) noexcept {
  return plainly<&::rmdir>(removing, "rmdir", path);
}

// --- What is in them -------------------------------------------------------------------------------------------------

ssize_t read(int fd, void* into, size_t count) {
  return on_file<&::read>(reading, "read", fd, into, count);
}
ssize_t pread(int fd, void* into, size_t count, off_t at) {
  return on_file<&::pread>(reading, "pread", fd, into, count, at);
}
ssize_t pread64(int fd, void* into, size_t count, off64_t at) {
  return on_file<&::pread64>(reading, "pread64", fd, into, count, at);
}
ssize_t write(int fd, const void* octets, size_t count) {
  return on_file<&::write>(writing, "write", fd, octets, count);
}
ssize_t pwrite(int fd, const void* octets, size_t count, off_t at) {
  return on_file<&::pwrite>(writing, "pwrite", fd, octets, count, at);
}
ssize_t pwrite64(int fd, const void* octets, size_t count, off64_t at) {
  return on_file<&::pwrite64>(writing, "pwrite64", fd, octets, count, at);
}
ssize_t writev(int fd, const iovec* parts, int count) {
  return on_file<&::writev>(writing, "writev", fd, parts, count);
}
int ftruncate(int fd, off_t octets) noexcept {
  return on_file<&::ftruncate>(writing, "ftruncate", fd, octets);
}
int ftruncate64(int fd, off64_t octets) noexcept {
  return on_file<&::ftruncate64>(writing, "ftruncate64", fd, octets);
}
int fallocate(int fd, int mode, off_t at, off_t octets) {
  return on_file<&::fallocate>(writing, "fallocate", fd, mode, at, octets);
}
int fallocate64(int fd, int mode, off64_t at, off64_t octets) {
  return on_file<&::fallocate64>(writing, "fallocate64", fd, mode, at, octets);
}
int fsync(int fd) {
  return on_file<&::fsync>(syncing, "fsync", fd);
}
int fdatasync(int fd) {
  return on_file<&::fdatasync>(syncing, "fdatasync", fd);
}
int sync_file_range(int fd, off64_t at, off64_t octets, unsigned flags) {
  if (flags == 0) {  // does nothing, and so cannot fail
    static const auto function = preloaded::original<decltype(&::sync_file_range)>("sync_file_range");
    return function(fd, at, octets, flags);
  }
  return on_file<&::sync_file_range>(syncing, "sync_file_range", fd, at, octets, flags);
}

// --- Descriptors, memory, sockets ------------------------------------------------------------------------------------

int socket(int domain, int type, int protocol) noexcept {
  return plainly<&::socket>(descriptors, "socket", domain, type, protocol);
}
int socketpair(int domain, int type, int protocol, int ends[2]) noexcept {
  return plainly<&::socketpair>(descriptors, "socketpair", domain, type, protocol, ends);
}
int accept(int fd, sockaddr* from, socklen_t* octets) {
  return plainly<&::accept>(descriptors, "accept", fd, from, octets);
}
int accept4(int fd, sockaddr* from, socklen_t* octets, int flags) {
  return plainly<&::accept4>(descriptors, "accept4", fd, from, octets, flags);
}
int pipe2(int ends[2], int flags) noexcept {
  return plainly<&::pipe2>(descriptors, "pipe2", ends, flags);
}
int dup(int fd) noexcept {
  return plainly<&::dup>(descriptors, "dup", fd);
}
int memfd_create(const char* name, unsigned flags) noexcept {
  return plainly<&::memfd_create>(descriptors, "memfd_create", name, flags);
}
int epoll_create1(int flags) noexcept {
  return plainly<&::epoll_create1>(descriptors, "epoll_create1", flags);
}
ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  return plainly<&::sendmsg>(talking, "sendmsg", fd, message, flags);
}
ssize_t recvmsg(int fd, msghdr* message, int flags) {
  return plainly<&::recvmsg>(talking, "recvmsg", fd, message, flags);
}
void* mmap(void* address, size_t octets, int protection, int flags, int fd, off_t at) noexcept {
  static const auto function = preloaded::original<decltype(&::mmap)>("mmap");
  return fails(mapping, "mmap") ? MAP_FAILED : function(address, octets, protection, flags, fd, at);
}
void* mmap64(void* address, size_t octets, int protection, int flags, int fd, off64_t at) noexcept {
  static const auto function = preloaded::original<decltype(&::mmap64)>("mmap64");
  return fails(mapping, "mmap64") ? MAP_FAILED : function(address, octets, protection, flags, fd, at);
}

}  // extern "C"
