#pragma once

#include <filesystem>

#include "base/clock.h"
#include "fermo/account_settings.h"
#include "fermo/common_options.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fetch_accounts/account.h"
#include "fetcher/run_alone.h"

namespace fermo::commands {

/// What all fetches of one run share.
struct FetchPlace {
  std::filesystem::path state;
  bool dry_run = false;
  TakenSecrets secrets;
  CommonOptions holder;  ///< Where Fermo's own maildrops are.
};

/// Reads the secrets and opens the ledger, TLS and the target. What is wrong is printed. Thread-safe for different
/// accounts.
Outcome<fetcher::Job> equip(const fetch_accounts::Account& account, const FetchPlace& place, const Clock& clock,
                            fetcher::Observer& observer, const Console& console);

}  // namespace fermo::commands
