#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <thread>
#include <vector>

#include "base/descriptor.h"

namespace fermo::commands {

/// The threads that answer on the connections with other roles: some for each time that one was started. Used by one
/// thread.
class RoleSockets {
 public:
  RoleSockets() = default;
  RoleSockets(const RoleSockets&) = delete;
  RoleSockets& operator=(const RoleSockets&) = delete;
  /// Cuts them all.
  ~RoleSockets();

  /// `serve` returns when all of the sockets have ended.
  void add(std::vector<Descriptor> sockets, std::function<void(std::vector<Descriptor>)> serve);
  /// Waits until all have ended by themselves.
  void join();

 private:
  struct Batch {
    std::vector<Descriptor> copies;  ///< For cutting.
    std::atomic<bool> ended = false;
    std::thread thread;
  };

  void reap();

  std::list<Batch> batches_;
};

}  // namespace fermo::commands
