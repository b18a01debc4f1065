#pragma once

#include <vector>

#include "account/authenticator.h"
#include "account/directory.h"
#include "base/descriptor.h"

namespace fermo::auth_ipc {

/// Decides for another process on connected sockets, on a thread for each; returns when all of them have ended.
void serve_logins(account::Authenticator& authenticator, account::Directory& directory,
                  std::vector<Descriptor> sockets);

}  // namespace fermo::auth_ipc
