#pragma once

#include <optional>
#include <vector>

#include "confine/confinement.h"
#include "fermo/console.h"
#include "fermo/fetch_equipment.h"
#include "fermo/roles.h"
#include "fetch_accounts/account.h"

namespace fermo::commands {

/// What a process that fetches these accounts still needs once their secrets have been read and their targets opened.
/// Nothing when one of them has its mail given to a program, which may do whatever its user may.
std::optional<RoleRules> fetch_rules(const std::vector<fetch_accounts::Account>& accounts, const FetchPlace& place,
                                     const Console& console);

/// From now on this thread, and those it starts, do that and nothing else, as far as the kernel can see to it. For a
/// process that fetches once: accounts that are read again might need something else.
void confine_fetch(const std::vector<fetch_accounts::Account>& accounts, const FetchPlace& place,
                   const Console& console);

}  // namespace fermo::commands
