#include "fermo/fetch_state.h"

#include "fermo/table.h"
#include "fermo/user_folders.h"
#include "fetch/error.h"

namespace fermo::commands {

namespace fs = std::filesystem;

Outcome<fs::path> state_folder(const std::string& option, const Console& console) {
  fs::path folder = option.empty() ? user_folder("XDG_STATE_HOME", ".local/state") : fs::path(option);
  if (!folder.empty()) return folder;
  console.complain("there is neither XDG_STATE_HOME nor HOME; name a folder with --state");
  return ExitCode::configuration;
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
