#pragma once

#include <functional>
#include <vector>

#include "base/descriptor.h"
#include "ipc/frame_socket.h"

namespace fermo::ipc {

/// Calls `converse` for each of the connected sockets, on a thread for each, and returns when all have ended. What
/// `converse` throws (a library's, or for want of memory), or that a thread cannot be started, ends all of them, and is
/// thrown again: the peer does not connect anew, and would work on with fewer, unnoticed, until it has none.
void serve_sockets(std::vector<Descriptor> sockets, const std::function<void(FrameSocket&)>& converse);

}  // namespace fermo::ipc
