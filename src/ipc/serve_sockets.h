#pragma once

#include <functional>
#include <vector>

#include "base/descriptor.h"
#include "ipc/frame_socket.h"

namespace fermo::ipc {

/// Calls `converse` for each of the connected sockets, on a thread for each, and returns when all have ended. What
/// `converse` throws ends its connection alone.
void serve_sockets(std::vector<Descriptor> sockets, const std::function<void(FrameSocket&)>& converse);

}  // namespace fermo::ipc
