#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "processes/note_socket.h"

namespace fermo::commands {

/// The threads that answer on the connections with other roles: some for each time that one was started. What one of
/// them throws, or that it cannot be started, closes the notes, so that the process comes to its end and is started
/// again: nothing else would bring the connections back. Used by one thread.
class RoleSockets {
 public:
  explicit RoleSockets(const processes::NoteSocket& notes) : notes_(notes) {}
  RoleSockets(const RoleSockets&) = delete;
  RoleSockets& operator=(const RoleSockets&) = delete;
  /// Cuts them all.
  ~RoleSockets();

  /// `serve` returns when all of the sockets have ended, or throws.
  void add(std::vector<Descriptor> sockets, std::function<void(std::vector<Descriptor>)> serve);
  /// Waits until all have ended by themselves.
  void join();
  /// Why the notes were closed here; nothing when they were not.
  std::optional<std::string> problem() const;

 private:
  struct Batch {
    std::vector<Descriptor> copies;  ///< For cutting.
    std::atomic<bool> ended = false;
    std::thread thread;
  };

  void reap();
  void give_up(const std::string& why);

  const processes::NoteSocket& notes_;
  mutable std::mutex mutex_;
  std::optional<std::string> problem_;
  std::list<Batch> batches_;
};

}  // namespace fermo::commands
