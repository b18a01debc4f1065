#pragma once

#include "base/result.h"
#include "ipc/frame_socket.h"
#include "ipc/socket_pool.h"
#include "maildrop_ipc/grants.h"

/// How the process that verifies logins tells the one with the store whose maildrop may be opened.
namespace fermo::maildrop_ipc {

/// Asks for one more snapshot of `drop` to be allowed, and waits until it is. Errors: unavailable.
Result<void> grant(ipc::SocketPool& store, const DropId& drop);

/// The other side of one connection; returns when the peer has closed it or said what is no grant.
void take_grants(ipc::FrameSocket& socket, Grants& grants);

}  // namespace fermo::maildrop_ipc
