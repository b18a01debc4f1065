#include "fermo/fetch_state.h"

#include <cstdlib>
#include <system_error>

#include "fermo/table.h"
#include "fetch/error.h"

namespace fermo::commands {
namespace {

namespace fs = std::filesystem;

/// XDG Base Directory Specification: what is to outlive a restart and is neither configuration nor of value to others.
fs::path default_state_folder() {
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr && *value == '/' ? fs::path(value) : fs::path();
  };
  if (const fs::path state = variable("XDG_STATE_HOME"); !state.empty()) return state / "fermo";
  if (const fs::path home = variable("HOME"); !home.empty()) return home / ".local/state/fermo";
  return {};
}

}  // namespace

Outcome<fs::path> state_folder(const std::string& option, const Console& console) {
  fs::path folder = option.empty() ? default_state_folder() : fs::path(option);
  if (!folder.empty()) return folder;
  console.complain("there is neither XDG_STATE_HOME nor HOME; name a folder with --state");
  return ExitCode::configuration;
}

Outcome<void> make_state_folder(const fs::path& folder, const Console& console) {
  std::error_code error;
  const bool fresh = fs::create_directories(folder, error);
  if (error) {
    console.complain("cannot make the folder " + folder.string() + ": " + error.message());
    return ExitCode::cannot_create;
  }
  // Unique-ids and names of servers are nobody else's business.
  if (fresh) fs::permissions(folder, fs::perms::owner_all, error);
  return {};
}

fs::path ledger_path(const fs::path& state_folder) {
  return state_folder / "fetch.db";
}

ExitCode complain_of_ledger(const error_code& error, const fs::path& path, const std::string& account,
                            const Console& console) {
  if (error == fetch::Error::in_use) {
    console.complain("another process is fetching for " + printable(account) + " at this moment");
    return ExitCode::temporary_failure;
  }
  console.complain("the ledger " + path.string() + " cannot be used: " + error.message());
  return error == fetch::Error::misused ? ExitCode::cannot_create : ExitCode::io_error;
}

}  // namespace fermo::commands
