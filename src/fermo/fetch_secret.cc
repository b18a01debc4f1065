#include "fermo/fetch_secret.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/limits.h"

namespace fermo::commands {
namespace {

/// Takes the first line out of `text`, which is wiped. Nothing when it is empty.
std::optional<Secret> first_line(std::string& text) {
  const std::string_view whole(text);
  std::string_view line = whole.substr(0, whole.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  std::optional<Secret> secret;
  if (!line.empty()) secret.emplace(line);
  wipe(text);
  return secret;
}

class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

/// What is wrong with the file as a place for a secret; empty when nothing is.
std::string objection(int fd, const std::string& path) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return std::string("cannot be looked at: ") + std::strerror(errno);
  if (!S_ISREG(status.st_mode)) return "is no file";
  if (status.st_uid != ::geteuid() && status.st_uid != 0) return "belongs to somebody else";
  if ((status.st_mode & 077) != 0) return "can be read or changed by others; chmod 600 " + path + " ends that";
  if (status.st_size > static_cast<off_t>(limits::secret_file_octets_max)) return "is too large for a password";
  return {};
}

Outcome<Secret> read_file(const std::string& path, const Console& console) {
  const auto complain = [&](const std::string& why, ExitCode code) {
    console.complain("the password file " + path + " " + why);
    return code;
  };
  const File file(path);
  if (file.fd() < 0) return complain(std::string("cannot be read: ") + std::strerror(errno), ExitCode::configuration);
  if (const auto wrong = objection(file.fd(), path); !wrong.empty()) return complain(wrong, ExitCode::configuration);
  std::string text(limits::secret_file_octets_max, '\0');
  const ssize_t octets = ::read(file.fd(), text.data(), text.size());
  if (octets < 0) return complain(std::string("cannot be read: ") + std::strerror(errno), ExitCode::configuration);
  auto secret = first_line(text.erase(static_cast<std::size_t>(octets)));
  if (!secret) return complain("has no password in its first line", ExitCode::configuration);
  return std::move(*secret);
}

Outcome<Secret> run_command(const std::string& command, const Console& console) {
  const auto complain = [&](const std::string& why) {
    console.complain("the command after --password-command " + why);
    return ExitCode::configuration;
  };
  std::FILE* const printed = ::popen(command.c_str(), "re");
  if (printed == nullptr) return complain(std::string("cannot be started: ") + std::strerror(errno));
  std::string text(limits::secret_file_octets_max, '\0');
  const std::size_t octets = std::fread(text.data(), 1, text.size(), printed);
  const int status = ::pclose(printed);
  auto secret = first_line(text.erase(octets));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return complain("failed" + (WIFEXITED(status) ? " with " + std::to_string(WEXITSTATUS(status)) : std::string()));
  }
  if (!secret) return complain("printed no password");
  return std::move(*secret);
}

}  // namespace

Outcome<Secret> read_secret(const SecretSource& source, const std::string& prompt, const Console& console) {
  if (!source.file.empty()) return read_file(source.file, console);
  if (!source.command.empty()) return run_command(source.command, console);
  if (!console.terminal.is_interactive()) {
    console.complain("no password: give --password-file or --password-command");
    return ExitCode::usage;
  }
  auto typed = console.terminal.ask_secret(prompt);
  if (typed && !typed->reveal().empty()) return std::move(*typed);
  console.complain("no password was typed");
  return ExitCode::declined;
}

}  // namespace fermo::commands
