#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fetch/ledger.h"

/// Where `fermo fetch` keeps what it remembers.
namespace fermo::commands {

/// What `--state` names, or without it $XDG_STATE_HOME/fermo or ~/.local/state/fermo. Nothing is made.
Outcome<std::filesystem::path> state_folder(const std::string& option, const Console& console);

/// The ledger of all accounts.
std::filesystem::path ledger_path(const std::filesystem::path& state_folder);

/// What is wrong with the ledger, in words, and the code to end with.
ExitCode complain_of_ledger(const error_code& error, const std::filesystem::path& path, const std::string& account,
                            const Console& console);

}  // namespace fermo::commands
