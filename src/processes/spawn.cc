#include "processes/spawn.h"

#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <boost/system/system_error.hpp>

namespace fermo::processes {
namespace {

class Settings {
 public:
  explicit Settings(const Spawn& program) {
    posix_spawn_file_actions_init(&files_);
    give(program.input, STDIN_FILENO);
    give(program.output, STDOUT_FILENO);
    give(program.errors, STDERR_FILENO);
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setpgroup(&attributes_, 0);
    const int group = program.own_group ? POSIX_SPAWN_SETPGROUP : 0;
    posix_spawnattr_setflags(&attributes_, static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | group));
  }
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;
  ~Settings() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }

  const posix_spawn_file_actions_t* files() const { return &files_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  void give(int file, int as) {
    if (file >= 0) posix_spawn_file_actions_adddup2(&files_, file, as);
  }

  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

}  // namespace

Result<pid_t> spawn(Spawn program) {
  const Settings settings(program);
  const auto arguments = pointers(program.arguments);
  const auto variables = program.environment == nullptr ? std::vector<char*>() : pointers(*program.environment);
  pid_t process = 0;
  const int failed = ::posix_spawnp(&process, arguments.front(), settings.files(), settings.attributes(),
                                    arguments.data(), program.environment == nullptr ? environ : variables.data());
  if (failed != 0) return error_code(failed, boost::system::system_category());
  return process;
}

}  // namespace fermo::processes
