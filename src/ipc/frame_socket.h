#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.h"
#include "base/result.h"

namespace fermo::ipc {

/// A connected stream socket that carries frames: 4 octets of length, little-endian, then 1 to
/// `limits::ipc_frame_octets_max` octets of payload. Blocking. One thread may send and receive while another
/// calls shutdown().
class FrameSocket {
 public:
  explicit FrameSocket(Descriptor socket) : socket_(std::move(socket)) {}

  /// Lets each later receive() wait no longer than this for the next octets.
  void set_receive_time_max(std::chrono::milliseconds time_max);

  /// False when not all of it could be handed to the system; the peer has not got a whole frame then. The payload is
  /// `head` and `rest` together; no copy of either is made.
  bool send(std::string_view head, std::string_view rest = {});
  /// False at the end of the stream, on a length out of bounds, on a time-out and on any error: the connection is of no
  /// use any more.
  bool receive(std::string& payload);

  /// Ends both directions, which wakes whoever waits in send() or receive().
  void shutdown();
  /// Says that nothing more will be sent, and waits until the peer has closed its side, at most `time_max`.
  void say_goodbye(std::chrono::milliseconds time_max);

  /// The user whose process is at the other end, when the system can tell.
  Result<uid_t> peer_user() const;

 private:
  bool receive_whole(char* to, std::size_t octets);

  Descriptor socket_;
};

/// Connects to the socket at `path`, of any length. Errors are the system's: ENOENT or ECONNREFUSED when nobody
/// listens.
Result<FrameSocket> connect_to(const std::filesystem::path& path);

/// Listens at `path`, of any length, which only the same user can connect to. What stood there is replaced, and at no
/// moment does a socket that nobody listens on stand there: the caller must know that no other process listens. Errors
/// are the system's.
Result<Descriptor> listen_at(const std::filesystem::path& path);

}  // namespace fermo::ipc
