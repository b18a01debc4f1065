#pragma once

#include <map>
#include <string>

#include "base/secret.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fetch_accounts/account.h"
#include "fetcher/account_runner.h"

namespace fermo::commands {

/// What was typed in or taken out of the environment, which can be done once only; by the names of accounts in the
/// ledger.
struct TakenSecrets {
  std::map<std::string, Secret> of_accounts;
  std::map<std::string, Secret> of_proxies;
  std::map<std::string, Secret> of_targets;
};

/// Takes the secrets of an account that can be had once only. Before there are other threads. What is wrong is printed.
Outcome<void> take_secrets(const fetch_accounts::Account& account, TakenSecrets& taken, const Console& console);

/// An account as the runner wants it. Gets secrets that are not among the taken ones from where they are, which may ask
/// on the terminal or run a command. What is wrong is printed.
Outcome<fetcher::AccountSettings> settings_of(const fetch_accounts::Account& account, const TakenSecrets& taken,
                                              const Console& console);

}  // namespace fermo::commands
