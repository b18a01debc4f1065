#include "confine/call_filter.h"

namespace fermo::confine {

Calls joined(std::initializer_list<Calls> lists) {
  Calls all;
  for (const Calls& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

namespace calls {

Calls basic() {
  return {"read",
          "write",
          "readv",
          "writev",
          "close",
          "futex",
          "mmap",
          "munmap",
          "mremap",
          "mprotect",
          "madvise",
          "brk",
          "clock_gettime",
          "clock_nanosleep",
          "clock_getres",
          "nanosleep",
          "gettimeofday",
          "time",
          "getrandom",
          "exit",
          "exit_group",
          "rt_sigaction",
          "rt_sigreturn",
          "rt_sigprocmask",
          "sigaltstack",
          "restart_syscall",
          "getpid",
          "gettid",
          "tgkill(self)",
          "sched_yield",
          "rseq",
          "membarrier",
          "set_robust_list",
          "poll",
          "ppoll",
          "getuid",
          "geteuid",
          "getgid",
          "getegid",
          "sched_getaffinity",
          "fstat",
          "sysinfo",
          "getcpu",
          "getppid"};
}

Calls threads() {
  return {"clone", "set_tid_address", "prctl", "sched_getparam", "sched_getscheduler"};
}

Calls processes() {
  return {"fork", "execve", "wait4", "waitid", "kill", "tgkill", "close_range", "dup2", "dup3", "prctl"};
}

Calls local_sockets() {
  return {"socket(AF_UNIX)", "socketpair"};
}

Calls giving_up() {
  return {"capget",
          "capset",
          "prctl",
          "prlimit64(self)",
          "seccomp",
          "landlock_create_ruleset",
          "landlock_add_rule",
          "landlock_restrict_self"};
}

Calls sockets() {
  return {"recvfrom",   "sendto",      "recvmsg",     "sendmsg", "shutdown", "getsockopt",
          "setsockopt", "getsockname", "getpeername", "fcntl",   "ioctl"};
}

Calls passing() {
  return {"recvmsg", "sendmsg", "fcntl"};
}

Calls reading_files() {
  return {"openat", "open",       "stat",     "fstat",      "lstat",     "newfstatat", "statx",      "lseek", "pread64",
          "preadv", "getdents64", "readlink", "readlinkat", "access",    "faccessat",  "faccessat2", "fcntl", "getcwd",
          "statfs", "fstatfs",    "ioctl",    "flock",      "fadvise64", "readahead",  "dup"};
}

Calls writing_files() {
  return {"pwrite64", "pwritev", "fsync",     "fdatasync", "sync_file_range", "fallocate",       "ftruncate",
          "truncate", "rename",  "renameat",  "renameat2", "unlink",          "unlinkat",        "mkdir",
          "mkdirat",  "rmdir",   "link",      "linkat",    "symlink",         "symlinkat",       "fchmod",
          "chmod",    "fchown",  "utimensat", "umask",     "syncfs",          "copy_file_range", "sendfile",
          "msync"};
}

Calls waiting() {
  return {"epoll_create1",  "epoll_ctl",       "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd2",
          "timerfd_create", "timerfd_settime", "select",     "pselect6",    "pipe2"};
}

Calls tries_of_libraries() {
  return {"open",   "openat",    "stat",       "lstat",    "newfstatat", "statx",
          "access", "faccessat", "faccessat2", "readlink", "readlinkat"};
}

}  // namespace calls
}  // namespace fermo::confine
