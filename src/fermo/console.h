#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace fermo::commands {

/// The person at the terminal, if there is one.
class Terminal {
 public:
  virtual ~Terminal() = default;
  /// Somebody is there to answer.
  virtual bool is_interactive() const = 0;
  /// Asks for something that must not be seen while it is typed; nothing when the answer is cut off.
  virtual std::optional<Secret> ask_secret(std::string_view prompt) = 0;
  /// Asks for a line of text, without its end; nothing when the answer is cut off.
  virtual std::optional<std::string> ask(std::string_view prompt) = 0;
  /// True only for an answer that begins with y or Y.
  virtual bool ask_yes(std::string_view prompt) = 0;
};

/// The terminal that this process was started from: /dev/tty for questions, and somebody is there when standard input
/// is one.
class SystemTerminal final : public Terminal {
 public:
  bool is_interactive() const override;
  std::optional<Secret> ask_secret(std::string_view prompt) override;
  std::optional<std::string> ask(std::string_view prompt) override;
  bool ask_yes(std::string_view prompt) override;
};

/// Where nobody is there to be asked.
class NoTerminal final : public Terminal {
 public:
  bool is_interactive() const override { return false; }
  std::optional<Secret> ask_secret(std::string_view) override { return std::nullopt; }
  std::optional<std::string> ask(std::string_view) override { return std::nullopt; }
  bool ask_yes(std::string_view) override { return false; }
};

/// Everything that a command reads from and writes to. Results go to `out`, all else to `err`.
struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  Terminal& terminal;

  /// Prints one line for the operator on `err`.
  void complain(std::string_view message) const;
};

}  // namespace fermo::commands
