#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "fermo/common_options.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fermo/fetch_target_url.h"
#include "fetch/ledger.h"
#include "fetch/target.h"
#include "fetch_accounts/account.h"
#include "runtime/explained.h"

namespace fermo::commands {

/// What stands after `--to`.
struct TargetName {
  enum class Kind { maildir, mbox, command, maildrop, mail_server };
  Kind kind = Kind::maildir;
  std::string place;                   ///< Folder, file or user.
  std::vector<std::string> arguments;  ///< Of a command, the program first.
  MailUrl url;                         ///< Of a mail server.

  /// Messages are handed on one by one, and nobody can tell later which.
  bool forgets() const { return kind == Kind::command || kind == Kind::mail_server; }
};

/// What some targets need besides.
struct TargetOptions {
  CommonOptions places;                 ///< Of Fermo's own maildrops.
  fetch_accounts::TargetAccess access;  ///< Of a mail server.
  std::filesystem::path archive;        ///< Beside any target; empty: none.
  std::optional<Secret> secret = {};    ///< Of a mail server, if it has been read already.

  void add_to(CLI::App& app);
};

/// "maildir:DIR", "mbox:FILE", "maildrop:USER", a MailUrl or "command:PROGRAM ARGUMENT…", whose words may be quoted as
/// in a shell.
runtime::Explained<TargetName> read_target(const std::string& text);
/// The same for the option --to; what is wrong is printed.
Outcome<TargetName> parse_target(const std::string& text, const Console& console);

/// `state_folder` is for what a target has to remember. What is wrong is printed.
Outcome<std::unique_ptr<fetch::Target>> open_target(const TargetName& name, const TargetOptions& options,
                                                    const std::filesystem::path& state_folder,
                                                    const fetch::AccountState& state, const Clock& clock,
                                                    const Console& console);

}  // namespace fermo::commands
