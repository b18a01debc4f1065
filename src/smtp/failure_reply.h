#pragma once

#include "base/result.h"
#include "smtp/reply.h"

namespace fermo::smtp {

/// What the peer is told when the store or the directory failed: 4yz and it keeps the message, 5yz and it gives the
/// message back to its sender. A failure that nobody has classified is temporary: a message must not bounce for it.
Reply failure_reply(const error_code& error);

}  // namespace fermo::smtp
