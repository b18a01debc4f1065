#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fetch_accounts/account.h"
#include "fetch_accounts/account_file.h"

namespace fermo::commands {

/// `option` if it is not empty (--accounts), else $XDG_CONFIG_HOME/fermo/accounts.toml, else the same in ~/.config.
/// Empty when there is none of these.
std::filesystem::path accounts_path(const std::string& option);

/// What the file of accounts is checked against: this user's home, the targets and pins that are understood here.
fetch_accounts::Surroundings surroundings();

/// The text of the file; empty when there is no file. A file that somebody else may change is refused: its commands
/// are run. What is wrong is printed.
Outcome<std::string> read_accounts_text(const std::filesystem::path& path, const Console& console);

/// All accounts of the file, in its order; none when there is no file. Every problem is printed.
Outcome<std::vector<fetch_accounts::Account>> load_accounts(const std::filesystem::path& path, const Console& console);

/// Gives the text of the file after the change, or nothing after printing why there is to be no change.
using AccountsEdit = std::function<std::optional<std::string>(const std::string& text)>;

/// Replaces the file as a whole, durably, one at a time; its mode stays, a new file gets 0600. Nothing is changed, and
/// all problems are printed, when the new text is not a file of accounts without problems.
Outcome<void> change_accounts(const std::filesystem::path& path, const AccountsEdit& edit, const Console& console);

}  // namespace fermo::commands
