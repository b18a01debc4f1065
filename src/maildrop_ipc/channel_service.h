#pragma once

#include <vector>

#include "base/descriptor.h"
#include "maildrop/maildrop.h"
#include "maildrop_ipc/grants.h"

namespace fermo::maildrop_ipc {

/// Serves a store to the process with the network, on connected sockets that share their channels: a channel is what a
/// connection of its own would be, and any of the sockets may carry its next request. A maildrop opens only by a grant,
/// and calls on the store itself are not obeyed. Returns when all of the sockets have ended, which ends the channels.
void serve_channels(maildrop::Store& store, Grants& grants, std::vector<Descriptor> sockets);

}  // namespace fermo::maildrop_ipc
