#pragma once

#include <cstddef>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "base/limits.h"
#include "base/result.h"
#include "ipc/frame_socket.h"
#include "maildrop/checkpoint.h"
#include "maildrop/maildrop.h"

namespace fermo::maildrop_ipc {

/// Serves a store on a socket in the file system, to processes of the same user and of root. A thread for each
/// connection, at most `connections_max`; whoever comes then is told `unavailable`. Thread-safe.
class StoreService {
 public:
  /// Begins to serve at `path`; a socket that a dead process left there is replaced. The caller holds the store, so
  /// nobody else can be serving it. `checkpoints` is null for a store that cannot be backed up; it and `store` must
  /// outlive the service. Errors are the system's.
  static Result<std::unique_ptr<StoreService>> start(maildrop::Store& store, const std::filesystem::path& path,
                                                     std::size_t connections_max = limits::store_ipc_connections_max,
                                                     maildrop::CheckpointSource* checkpoints = nullptr);

  /// The same on a socket that listens already, and that somebody else removes.
  static Result<std::unique_ptr<StoreService>> start_on(maildrop::Store& store, Descriptor listener,
                                                        std::size_t connections_max = limits::store_ipc_connections_max,
                                                        maildrop::CheckpointSource* checkpoints = nullptr);

  StoreService(const StoreService&) = delete;
  StoreService& operator=(const StoreService&) = delete;
  ~StoreService() { stop(); }

  /// Cuts all connections, waits for the calls to the store that are under way, and removes the
  /// socket. May be called again.
  void stop();

 private:
  struct Connection {
    explicit Connection(ipc::FrameSocket connected)
        : socket(std::make_unique<ipc::FrameSocket>(std::move(connected))) {}
    std::unique_ptr<ipc::FrameSocket> socket;  ///< None: the connection has ended and its thread is about to.
    std::thread thread;
  };

  StoreService(maildrop::Store& store, std::filesystem::path path, std::size_t connections_max,
               maildrop::CheckpointSource* checkpoints, Descriptor listener, Descriptor wake);

  void accept_until_stopped();
  void accept_one();
  void reap_ended();
  void serve(Connection& connection);

  maildrop::Store& store_;
  const std::filesystem::path path_;  ///< Empty: not ours to remove.
  const std::size_t connections_max_;
  maildrop::CheckpointSource* const checkpoints_;
  const Descriptor listener_;
  const Descriptor wake_;  ///< Readable once stop() has been called.

  std::once_flag stopped_;
  std::mutex mutex_;  ///< Guards `socket` of every connection against shutdown() while it is being closed.
  std::list<Connection> connections_;  ///< Changed by the acceptor alone, and by stop() when that has ended.
  std::thread acceptor_;               ///< Last: it uses all the others from its first moment.
};

}  // namespace fermo::maildrop_ipc
