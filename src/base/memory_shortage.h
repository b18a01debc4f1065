#pragma once

#include <poll.h>

#include <cerrno>

namespace fermo {

/// Whether a call on a socket failed with `error` because the system has no memory for it at the moment. Then a little
/// time has passed, for nothing tells when there is some, and it can be made again: the connection is whole, and giving
/// it up would lose more.
inline bool waited_for_memory(int error) {
  constexpr int milliseconds = 10;
  if (error != ENOMEM && error != ENOBUFS) return false;
  ::poll(nullptr, 0, milliseconds);
  return true;
}

}  // namespace fermo
