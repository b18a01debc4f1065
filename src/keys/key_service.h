#pragma once

#include <vector>

#include "base/descriptor.h"
#include "keys/key_ring.h"
#include "tickets/ticket_keys.h"

namespace fermo::keys {

/// Answers on connected stream sockets, on a thread for each, until all of them have ended: one ends when its peer
/// closes it or says what it may not. Throws what ipc::serve_sockets() throws.
void serve(const KeyRing& ring, tickets::TicketKeys& ticket_keys, std::vector<Descriptor> sockets);

}  // namespace fermo::keys
