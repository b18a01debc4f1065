#pragma once

#include "tickets/ticket_keys.h"

struct ssl_ctx_st;

namespace fermo::tickets {

/// Makes `context` seal its session tickets with keys of `source`, which must outlive it and its connections. False
/// when OpenSSL is out of memory.
bool seal_with(ssl_ctx_st* context, TicketKeySource& source);

}  // namespace fermo::tickets
