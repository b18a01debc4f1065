#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "ipc/frame_socket.h"

namespace fermo::ipc {

/// The asking side of a few connections to one process, each used by one thread at a time. A connection on which
/// anything went wrong is closed and not used again. One whose reply was waited for in vain is used again when that has
/// come: a disk may stand still for longer than anybody waits. When none is left, asking fails at once until one of
/// those is back or replace() brings new ones. Thread-safe.
class SocketPool {
 public:
  /// How an exchange went. Not sent: the other side has not got a whole request. Lost: it may have, and obeyed.
  enum class Outcome { answered, not_sent, lost };
  /// Counts the processes that were on the other side, one after the other.
  using Generation = unsigned;

  /// Each reply, and each wait for a free connection, may take as long as `time_max`.
  explicit SocketPool(std::chrono::milliseconds time_max) : time_max_(time_max) {}

  /// Connections to a process that was started, for the first time or again. Exchanges that are under way end as they
  /// would have.
  void replace(std::vector<Descriptor> sockets);
  /// The process that is there now.
  Generation generation() const;

  /// Sends `head` and `rest` as one frame and waits for one. `with`: only when that process is still there.
  Outcome ask(std::optional<Generation> with, std::string_view head, std::string_view rest, Frame& reply);
  /// The same where neither side has anything to say but a head, to whichever process is there.
  Outcome ask(std::string_view head, std::string& reply);
  /// Sends a frame that has no answer: now, or when a connection is free, unless the process that was to get it is gone
  /// by then. Waits for nobody.
  void tell(Generation with, std::string_view frame);

 private:
  struct Connection {
    FrameSocket socket;
    Generation generation;
  };

  template <class Received>
  Outcome exchange(std::optional<Generation> with, std::string_view head, std::string_view rest, Received& reply);
  std::optional<Connection> take(std::optional<Generation> with);
  void give_back(Connection connection);
  void lose(Connection connection);
  void put_aside(Connection connection);
  void take_back_late();
  std::vector<Connection> late_with_something();

  const std::chrono::milliseconds time_max_;
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<Connection> free_;
  std::vector<Connection> late_;     ///< Of this generation: their replies have not come in time.
  std::vector<std::string> untold_;  ///< To this generation: frames that wait for a free connection.
  std::size_t open_ = 0;             ///< Of this generation: free, or in use.
  Generation generation_ = 0;
};

}  // namespace fermo::ipc
