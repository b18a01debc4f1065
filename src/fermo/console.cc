#include "fermo/console.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cstddef>
#include <ostream>
#include <string>

#include "base/limits.h"

namespace fermo::commands {
namespace {

/// The terminal, with echo off while this lives if that was asked for.
class Tty {
 public:
  explicit Tty(bool echo) : fd_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {
    if (fd_ < 0 || echo || ::tcgetattr(fd_, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_lflag |= ECHONL;
    silenced_ = ::tcsetattr(fd_, TCSAFLUSH, &silent) == 0;
  }
  ~Tty() {
    if (silenced_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
    if (fd_ >= 0) ::close(fd_);
  }
  Tty(const Tty&) = delete;
  Tty& operator=(const Tty&) = delete;

  bool silenced() const { return silenced_; }
  bool write(std::string_view text) const {
    return fd_ >= 0 && ::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  }
  /// One line without its end; false when the terminal has gone or the line has no end within the limit.
  bool read_line(std::string& line) const {
    for (char c = 0; line.size() <= limits::password_octets_max; line.push_back(c)) {
      if (::read(fd_, &c, 1) != 1) return false;
      if (c == '\n') return true;
    }
    return false;
  }

 private:
  int fd_;
  termios before_{};
  bool silenced_ = false;
};

}  // namespace

bool SystemTerminal::is_interactive() const {
  return ::isatty(STDIN_FILENO) == 1;
}

std::optional<Secret> SystemTerminal::ask_secret(std::string_view prompt) {
  const Tty tty(false);
  if (!tty.silenced() || !tty.write(prompt)) return std::nullopt;
  std::string line;
  line.reserve(limits::password_octets_max + 1);  // it must not move: what it leaves behind would not be wiped
  std::optional<Secret> answer;
  if (tty.read_line(line)) answer.emplace(line);
  wipe(line);
  return answer;
}

std::optional<std::string> SystemTerminal::ask(std::string_view prompt) {
  const Tty tty(true);
  std::string line;
  if (!tty.write(prompt) || !tty.read_line(line)) return std::nullopt;
  return line;
}

bool SystemTerminal::ask_yes(std::string_view prompt) {
  const Tty tty(true);
  std::string line;
  return tty.write(prompt) && tty.read_line(line) && (line.starts_with('y') || line.starts_with('Y'));
}

void Console::complain(std::string_view message) const {
  err << "fermo: " << message << '\n';
}

}  // namespace fermo::commands
