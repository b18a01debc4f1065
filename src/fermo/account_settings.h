#pragma once

#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fetch_accounts/account.h"
#include "fetcher/account_runner.h"

namespace fermo::commands {

/// An account as the runner wants it. Gets its secret from where it is, which may ask on the terminal or run a command.
/// What is wrong is printed.
Outcome<fetcher::AccountSettings> settings_of(const fetch_accounts::Account& account, const Console& console);

}  // namespace fermo::commands
