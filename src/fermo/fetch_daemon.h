#pragma once

#include <vector>

#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fermo/fetch_equipment.h"
#include "fermo/fetch_options.h"

namespace fermo::commands {

/// `fermo fetch --daemon`: fetches the accounts at their intervals until a signal ends it.
ExitCode fetch_on(const std::vector<fetch_accounts::Account>& accounts, FetchPlace place, const FetchOptions& options,
                  const Console& console);

}  // namespace fermo::commands
