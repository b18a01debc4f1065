#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "keys/key_ring.h"
#include "tickets/ticket_keys.h"

namespace fermo::keys {

/// What is to be sent back for a payload that came from a stranger; whoever sends it has to wipe it. Signs before it
/// returns. Nothing when it is no request: the connection must be closed. Thread-safe.
std::optional<std::string> answer(const KeyRing& ring, tickets::TicketKeys& ticket_keys, std::string_view payload,
                                  tickets::TicketKeys::Clock::time_point now);

}  // namespace fermo::keys
