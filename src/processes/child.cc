#include "processes/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace fermo::processes {
namespace {

error_code system_error() {
  return {errno, boost::system::system_category()};
}

/// What a child sees of the environment: nothing that could be a secret.
constexpr std::array<std::string_view, 11> passed_on = {
    "TZ=",           "LANG=",         "LC_ALL=",       "LC_TIME=",       "MALLOC_",           "OPENSSL_CONF=",
    "ASAN_OPTIONS=", "LSAN_OPTIONS=", "TSAN_OPTIONS=", "UBSAN_OPTIONS=", "LLVM_PROFILE_FILE="};

std::vector<char*> variables(Environment environment) {
  std::vector<char*> chosen;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view text = *one;
    const auto is_this = [text](std::string_view name) { return text.starts_with(name); };
    if (environment == Environment::ours || std::ranges::any_of(passed_on, is_this)) chosen.push_back(*one);
  }
  chosen.push_back(nullptr);
  return chosen;
}

/// What the new process is made from, so that nothing has to be allocated after the fork.
struct Plan {
  std::vector<char*> argv;
  std::vector<char*> environment;
  int nothing;  ///< /dev/null
  int notes;    ///< Above note_descriptor.
  int kept;
  pid_t parent;
  std::optional<Identity> identity;
};

/// By the system calls themselves: what the C library makes of them waits for other threads, which are not here.
bool become_somebody(const Identity& identity) {
  return ::syscall(SYS_setgroups, 0, nullptr) == 0 &&
         ::syscall(SYS_setresgid, identity.group, identity.group, identity.group) == 0 &&
         ::syscall(SYS_setresuid, identity.user, identity.user, identity.user) == 0;
}

/// Between fork and exec, where only what is safe in a signal handler may be called: other threads may have held locks.
[[noreturn]] void become(const Plan& plan) {
  if (plan.identity && !become_somebody(*plan.identity)) ::_exit(127);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != plan.parent) ::_exit(127);  // it ended before that was set
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // The whole group gets what is typed at a terminal, or sent by a service manager; the one who started us decides.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT}) ::signal(signal, SIG_IGN);
  if (::dup2(plan.nothing, STDIN_FILENO) < 0 || ::dup2(plan.nothing, STDOUT_FILENO) < 0 ||
      ::dup2(plan.notes, note_descriptor) < 0) {
    ::_exit(127);
  }
  ::syscall(SYS_close_range, note_descriptor + 1, ~0U, CLOSE_RANGE_CLOEXEC);  // each is close-on-exec anyway
  if (plan.kept >= 0 && ::dup2(plan.kept, kept_descriptor) < 0) ::_exit(127);
  ::execve("/proc/self/exe", plan.argv.data(), plan.environment.data());
  ::_exit(127);
}

}  // namespace

Result<Child> Child::start(const std::vector<std::string>& arguments, const Descriptor& notes, int kept,
                           const std::optional<Identity>& identity, Environment environment) {
  const Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const Descriptor above(::fcntl(notes.get(), F_DUPFD_CLOEXEC, note_descriptor + 1));
  if (!nothing || !above) return system_error();
  Plan plan{{}, variables(environment), nothing.get(), above.get(), kept, ::getpid(), identity};
  std::string program = "fermo";
  std::vector<std::string> copies = arguments;
  plan.argv.push_back(program.data());
  for (std::string& argument : copies) plan.argv.push_back(argument.data());
  plan.argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) become(plan);
  if (pid < 0) return system_error();
  return Child(pid);
}

Result<Child> Child::behind(const NoteSocket& notes, int kept) {
  std::vector<Descriptor> to_keep;
  if (kept >= 0) to_keep.emplace_back(::fcntl(kept, F_DUPFD_CLOEXEC, 0));
  Descriptor connection(::fcntl(notes.get(), F_DUPFD_CLOEXEC, 0));
  if (!connection || (kept >= 0 && !to_keep.front())) return system_error();
  // One that has ended by now was started all the same: its end is seen as that of any other.
  if (!notes.send(kept_note, {}, to_keep) && errno != EPIPE) return system_error();
  return Child(std::move(connection));
}

Child::~Child() {
  if (pid_ <= 0) return;
  kill();
  reap();
}

void Child::kill() const {
  if (connection_) {
    ::shutdown(connection_.get(), SHUT_RDWR);
  } else {
    ::kill(pid_, SIGKILL);
  }
}

void Child::await_end() const {
  if (connection_) {
    pollfd end{connection_.get(), 0, 0};
    while (::poll(&end, 1, -1) < 0 && errno == EINTR) {
    }
    return;
  }
  siginfo_t ignored{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &ignored, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
}

std::optional<int> Child::reap() {
  if (connection_) {
    await_end();
    return std::nullopt;
  }
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

std::string end_text(std::optional<int> status) {
  if (!status) return "ended";
  if (WIFEXITED(*status)) return "ended with code " + std::to_string(WEXITSTATUS(*status));
  const int signal = WTERMSIG(*status);
  return "was killed by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")" +
         (signal == SIGSYS ? ": it made a system call that it may not make" : "");
}

bool take_what_is_kept(const NoteSocket& notes) {
  const char* const meant_for = std::getenv("LISTEN_PID");
  if (meant_for == nullptr || meant_for != std::to_string(::getpid())) return true;
  ::signal(SIGPIPE, SIG_IGN);
  const auto note = notes.receive();
  if (!note || note->kind != kept_note) return false;
  return std::ranges::all_of(note->descriptors, [](const Descriptor& kept) {
    return ::fcntl(kept.get(), F_DUPFD_CLOEXEC, kept_descriptor) >= 0;
  });
}

}  // namespace fermo::processes
