#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fetcher/sqlite_ledger.h"

/// Where `fermo fetch` keeps what it remembers.
namespace fermo::commands {

/// What `--state` names, or without it $XDG_STATE_HOME/fermo or ~/.local/state/fermo. Nothing is made.
Outcome<std::filesystem::path> state_folder(const std::string& option, const Console& console);

/// To fetch, or to change what is recorded. What an earlier version recorded must have been taken over. What is wrong
/// is printed.
Outcome<std::unique_ptr<fetcher::SqliteLedger>> open_ledger(const std::filesystem::path& state_folder,
                                                            const std::string& account, const Console& console);

/// To look only; nullptr where nothing is recorded. What is wrong is printed.
Outcome<std::unique_ptr<fetcher::SqliteLedger>> look_at_ledger(const std::filesystem::path& state_folder,
                                                               const std::string& account, const Console& console);

/// Makes the folder, and takes over what an earlier version recorded in one file for all accounts. What is wrong is
/// printed.
Outcome<void> prepare_state_folder(const std::filesystem::path& state_folder, const Console& console);

/// What is wrong with a ledger, in words, and the code to end with.
ExitCode complain_of_ledger(const error_code& error, const std::filesystem::path& path, const Console& console);

}  // namespace fermo::commands
