#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.h"
#include "base/result.h"

namespace fermo::ipc {

/// What one frame carries: a payload that is to be decoded, and octets that are passed on as they came, which need no
/// copy on their way from one process to the other.
struct Frame {
  std::string head;
  std::string rest;  ///< Mostly empty.
};

/// A connected stream socket that carries frames: the octets of the head in 4 octets, little-endian, the topmost bit of
/// which says that those of a rest follow; then the head, which is not empty, and the rest, together at most
/// `limits::ipc_frame_octets_max` octets. Blocking. One thread may send and receive while another calls shutdown().
class FrameSocket {
 public:
  explicit FrameSocket(Descriptor socket) : socket_(std::move(socket)) {}

  /// Lets each later receive() wait no longer than this for the next octets.
  void set_receive_time_max(std::chrono::milliseconds time_max);

  /// False when not all of it could be handed to the system; the peer has not got a whole frame then.
  bool send(std::string_view head, std::string_view rest = {});
  /// False at the end of the stream, on a length out of bounds, on a time-out and on any error: the connection is of no
  /// use any more, unless is_late().
  bool receive(Frame& frame);
  /// Where nobody has anything to send but a head; false on a rest, too.
  bool receive(std::string& head);

  /// The last receive() waited as long as it may, and nothing of the frame came: it may still come.
  bool is_late() const { return late_; }
  /// Whether receive() would find something, or the end, without waiting.
  bool has_something() const;

  /// Ends both directions, which wakes whoever waits in send() or receive().
  void shutdown();
  /// Says that nothing more will be sent, and waits until the peer has closed its side, at most `time_max`.
  void say_goodbye(std::chrono::milliseconds time_max);

  /// The user whose process is at the other end, when the system can tell.
  Result<uid_t> peer_user() const;

 private:
  bool receive_lengths(std::size_t& head, std::size_t& rest);
  bool receive_whole(char* to, std::size_t octets);
  ssize_t receive_some(char* to, std::size_t octets);

  Descriptor socket_;
  bool late_ = false;
};

/// Connects to the socket at `path`, of any length. Errors are the system's: ENOENT or ECONNREFUSED when nobody
/// listens.
Result<FrameSocket> connect_to(const std::filesystem::path& path);

/// Listens at `path`, of any length, which only the same user can connect to. What stood there is replaced, and at no
/// moment does a socket that nobody listens on stand there: the caller must know that no other process listens. Errors
/// are the system's.
Result<Descriptor> listen_at(const std::filesystem::path& path);

}  // namespace fermo::ipc
