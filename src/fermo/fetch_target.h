#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fetch/ledger.h"
#include "fetch/target.h"
#include "runtime/explained.h"

namespace fermo::commands {

/// What stands after `--to`.
struct TargetName {
  enum class Kind { maildir, mbox, command };
  Kind kind = Kind::maildir;
  std::string place;                   ///< Folder or file.
  std::vector<std::string> arguments;  ///< Of a command, the program first.

  /// Messages are handed on one by one, and nobody can tell later which.
  bool forgets() const { return kind == Kind::command; }
};

/// "maildir:DIR", "mbox:FILE" or "command:PROGRAM ARGUMENT…", whose words may be quoted as in a shell.
runtime::Explained<TargetName> read_target(const std::string& text);
/// The same for the option --to; what is wrong is printed.
Outcome<TargetName> parse_target(const std::string& text, const Console& console);

/// `state_folder` is for what a target has to remember. What is wrong is printed.
Outcome<std::unique_ptr<fetch::Target>> open_target(const TargetName& name, const std::filesystem::path& state_folder,
                                                    const fetch::AccountState& state, const Clock& clock,
                                                    const Console& console);

}  // namespace fermo::commands
