#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "ipc/frame_socket.h"
#include "ipc/socket_pool.h"

namespace fermo::maildrop_ipc {

/// Carries the requests and replies of one connection to a store. Used by one thread at a time; what it held over there
/// is let go when it is destroyed.
class Line {
 public:
  using Outcome = ipc::SocketPool::Outcome;

  virtual ~Line() = default;
  /// After anything but `answered` it is of no use any more.
  virtual Outcome ask(std::string_view head, std::string_view rest, ipc::Frame& reply) = 0;
};

/// A socket for this connection alone. The destructor waits for the other side to let go.
std::unique_ptr<Line> line_over(ipc::FrameSocket socket);

/// A channel among others over the sockets of `pool`, which must outlive it (channel_service.h).
std::unique_ptr<Line> channel_over(ipc::SocketPool& pool);

/// What stands before each head on a socket that carries channels: the channel's number. Alone, it ends the channel.
using ChannelNumber = std::uint64_t;
std::string channel_head(ChannelNumber channel);

}  // namespace fermo::maildrop_ipc
