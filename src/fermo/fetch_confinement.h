#pragma once

#include "confine/confinement.h"
#include "fermo/console.h"
#include "fermo/fetch_equipment.h"
#include "fermo/roles.h"
#include "fetch_accounts/account.h"

namespace fermo::commands {

/// What a process that fetches this account still needs once its secret has been read and its target opened.
RoleRules fetch_rules(const fetch_accounts::Account& account, const FetchPlace& place, const Console& console);

/// From now on this thread, and those it starts, do that and nothing else, as far as the kernel can see to it.
void confine_fetch(const fetch_accounts::Account& account, const FetchPlace& place, const Console& console);

}  // namespace fermo::commands
