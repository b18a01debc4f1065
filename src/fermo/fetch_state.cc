#include "fermo/fetch_state.h"

#include <system_error>
#include <utility>

#include "fermo/table.h"
#include "fermo/user_folders.h"
#include "fetch/error.h"
#include "fetcher/account_ledgers.h"

namespace fermo::commands {
namespace {

namespace fs = std::filesystem;
using Opened = Outcome<std::unique_ptr<fetcher::SqliteLedger>>;

ExitCode complain_of_fetching(const std::string& whom, const Console& console) {
  console.complain("another process is fetching for " + whom + " at this moment");
  return ExitCode::temporary_failure;
}

}  // namespace

Outcome<fs::path> state_folder(const std::string& option, const Console& console) {
  fs::path folder = option.empty() ? user_folder("XDG_STATE_HOME", ".local/state") : fs::path(option);
  if (!folder.empty()) return folder;
  console.complain("there is neither XDG_STATE_HOME nor HOME; name a folder with --state");
  return ExitCode::configuration;
}

Opened open_ledger(const fs::path& state_folder, const std::string& account, const Console& console) {
  const fetcher::AccountLedgers ledgers(state_folder);
  auto ledger = ledgers.open(account);
  if (ledger) return std::move(*ledger);
  if (ledger.error() == fetch::Error::in_use) return complain_of_fetching(printable(account), console);
  return complain_of_ledger(ledger.error(), ledgers.folder(account), console);
}

Opened look_at_ledger(const fs::path& state_folder, const std::string& account, const Console& console) {
  const fetcher::AccountLedgers ledgers(state_folder);
  const auto file = ledgers.place_of(account);
  if (!file) return complain_of_ledger(file.error(), ledgers.earlier_file(), console);
  std::error_code unknown;
  if (!fs::exists(*file, unknown)) return std::unique_ptr<fetcher::SqliteLedger>();
  auto ledger = fetcher::SqliteLedger::open(*file, account, fetcher::Access::read_only);
  if (!ledger) return complain_of_ledger(ledger.error(), *file, console);
  return std::move(*ledger);
}

Outcome<void> prepare_state_folder(const fs::path& state_folder, const Console& console) {
  if (const auto made = make_private_folder(state_folder, console); !made) return made.error();
  const fetcher::AccountLedgers ledgers(state_folder);
  const auto taken = ledgers.take_over();
  if (taken) return {};
  const std::string earlier = ledgers.earlier_file().string();
  if (taken.error() == fetch::Error::in_use) return complain_of_fetching("an account of " + earlier, console);
  console.complain("what " + earlier +
                   " remembers cannot be taken over, so nothing is fetched: " + taken.error().message());
  return ExitCode::io_error;
}

ExitCode complain_of_ledger(const error_code& error, const fs::path& path, const Console& console) {
  console.complain("the ledger " + path.string() + " cannot be used: " + error.message());
  return error == fetch::Error::misused ? ExitCode::cannot_create : ExitCode::io_error;
}

}  // namespace fermo::commands
