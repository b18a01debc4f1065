#include "fetcher/command_target.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/limits.h"

namespace fermo::fetcher {
namespace {

using fetch::Error;

constexpr std::string_view name_variable = "FERMO_DELIVERY_NAME=";

/// What posix_spawn needs besides the program: standard input and outputs, signals as a new program expects them, a
/// group of its own.
class SpawnSettings {
 public:
  SpawnSettings(int input, int output) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_adddup2(&files_, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files_, output, STDERR_FILENO);
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }

  const posix_spawn_file_actions_t* files() const { return &files_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

std::vector<std::string> environment_with(const std::string& name) {
  std::vector<std::string> all;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with(name_variable)) all.emplace_back(*variable);
  }
  all.push_back(std::string(name_variable) + name);
  return all;
}

/// Fit for a terminal and a log line.
std::string printable(std::string text) {
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  text.erase(std::find_if(text.rbegin(), text.rend(), [](char c) { return c != ' '; }).base(), text.end());
  return text;
}

Error from_status(int status) {
  switch (status) {
    case EX_DATAERR:
    case EX_NOUSER:
    case EX_NOHOST:
    case EX_UNAVAILABLE:
    case EX_NOPERM:
      return Error::refused;
    case EX_USAGE:
    case EX_NOINPUT:
    case EX_CANTCREAT:
    case EX_CONFIG:
    case 126:
    case 127:
      return Error::misused;  // what posix_spawn and shells give for a program that cannot be started
    default:
      return Error::deferred;
  }
}

}  // namespace

Result<std::unique_ptr<CommandTarget>> CommandTarget::open(std::vector<std::string> arguments, Options options) {
  if (arguments.empty() || arguments.front().empty()) return Error::misused;
  auto spool = Spool::make();
  if (!spool) return spool.error();
  auto printed = Spool::make();
  if (!printed) return printed.error();
  return std::unique_ptr<CommandTarget>(
      new CommandTarget(std::move(arguments), options, std::move(*spool), std::move(*printed)));
}

Result<fetch::Presence> CommandTarget::find(std::string_view) {
  return fetch::Presence::unknown;
}

Result<void> CommandTarget::begin(const fetch::Incoming& message) {
  name_ = message.name;
  line_ends_ = {};
  explanation_.clear();
  return spool_.cut(0);
}

Result<void> CommandTarget::append(std::string_view content) {
  line_ends_.convert(content, spool_.buffer());
  return spool_.flush_if_full();
}

void CommandTarget::abandon() {
  static_cast<void>(spool_.cut(0));
}

Result<void> CommandTarget::end() {
  line_ends_.finish(spool_.buffer());
  if (auto flushed = spool_.flush(); !flushed) return flushed;
  const auto process = start();
  if (!process) return process.error();
  const auto status = wait(*process);
  if (!status) return status.error();
  return outcome(*status);
}

Result<int> CommandTarget::start() {
  const bool rewound = ::lseek(spool_.descriptor(), 0, SEEK_SET) == 0 && ::ftruncate(printed_.descriptor(), 0) == 0 &&
                       ::lseek(printed_.descriptor(), 0, SEEK_SET) == 0;
  if (!rewound) return fetch::from_errno(errno);
  std::vector<std::string> arguments = arguments_;
  std::vector<std::string> environment = environment_with(name_);
  const SpawnSettings settings(spool_.descriptor(), printed_.descriptor());
  pid_t process = 0;
  const int failed = ::posix_spawnp(&process, arguments.front().c_str(), settings.files(), settings.attributes(),
                                    pointers(arguments).data(), pointers(environment).data());
  if (failed == 0) return process;
  explanation_ = arguments.front() + " could not be started: " + boost::system::system_category().message(failed);
  return failed == EAGAIN || failed == ENOMEM ? Error::deferred : Error::misused;
}

/// The status that waitpid(2) gives. The whole group of a program that takes too long is killed.
Result<int> CommandTarget::wait(int process) {
  const Descriptor watched(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  const auto time_max = std::chrono::duration_cast<std::chrono::milliseconds>(options_.time_max);
  struct pollfd ended{watched.get(), POLLIN, 0};
  int ready = 1;
  if (watched) {
    do ready = ::poll(&ended, 1, static_cast<int>(time_max.count()));
    while (ready < 0 && errno == EINTR);
  }
  if (ready == 0) ::kill(-process, SIGKILL);
  int status = 0;
  while (::waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return Error::unavailable;
  }
  if (ready != 0) return status;
  explanation_ = arguments_.front() + " was killed, since it took too long";
  return Error::deferred;
}

Result<void> CommandTarget::outcome(int wait_status) {
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) return {};
  explanation_ =
      arguments_.front() + (WIFEXITED(wait_status) ? " ended with status " + std::to_string(WEXITSTATUS(wait_status))
                                                   : " was killed by signal " + std::to_string(WTERMSIG(wait_status)));
  if (const auto printed = printed_.read(0, limits::command_output_octets_max); printed && !printed->empty()) {
    explanation_ += ": " + printable(*printed);
  }
  return WIFEXITED(wait_status) ? from_status(WEXITSTATUS(wait_status)) : Error::deferred;
}

Result<std::string> CommandTarget::mark() {
  return arguments_.front();
}

}  // namespace fermo::fetcher
