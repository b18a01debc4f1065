#pragma once

#include <optional>
#include <string>

#include "fermo/role_notes.h"
#include "processes/child.h"

namespace fermo::commands {

/// The user that a role of its own rights would have, "fermo-net"; empty for the roles that need the data folder, which
/// belongs to whoever starts the server.
std::string user_of(Role role);

/// Who a role becomes: nothing when that is who starts it, since only root can start somebody else, or since there is
/// no such user here.
std::optional<processes::Identity> identity_of(Role role);

}  // namespace fermo::commands
