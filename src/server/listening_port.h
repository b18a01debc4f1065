#pragma once

#include <cstddef>
#include <vector>

#include "base/descriptor.h"
#include "config/config.h"
#include "runtime/explained.h"

namespace fermo::server {

/// One `listen` entry whose sockets are open: connections wait in the kernel until they are accepted.
struct ListeningPort {
  config::Listen listen;  ///< With the port that was opened.
  std::vector<Descriptor>
      sockets;  ///< For TCP, address by address, one for each core; the kernel deals out connections.
};

/// Binds and listens, for `cores` threads that accept. Waits a moment for a TCP port that somebody has.
runtime::Explained<ListeningPort> open_port(const config::Listen& listen, std::size_t cores);

}  // namespace fermo::server
