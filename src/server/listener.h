#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include <spdlog/fwd.h>

#include "config/config.h"
#include "runtime/cores.h"
#include "server/listening_port.h"
#include "server/peer.h"

namespace fermo::server {

class Acceptor;

/// One `listen` entry: a TCP port with a socket for each core, between which the kernel deals out connections
/// (SO_REUSEPORT), or a unix socket.
class Listener {
 public:
  /// A connection, as a descriptor that the callee owns. `core`: where it is to live. Called on the thread of the core
  /// that accepted, which for a unix socket is another one.
  using OnConnection = std::function<void(std::size_t core, int fd, const Peer& peer)>;

  /// `owns_path`: the file of a unix socket goes with it.
  Listener(ListeningPort port, bool owns_path, runtime::Cores& cores, const std::shared_ptr<spdlog::logger>& log);
  /// No core may be running any more.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Call before the cores run, once.
  void start(const OnConnection& on_connection);
  /// Closes what listens on `core`; on that core's thread.
  void stop(std::size_t core);

  /// With the port that was opened.
  const config::Listen& listen() const { return listen_; }

 private:
  struct Place {
    std::size_t core;
    std::shared_ptr<Acceptor> acceptor;
  };
  const config::Listen listen_;
  const bool owns_path_;
  runtime::Cores& cores_;
  std::vector<Place> places_;
};

}  // namespace fermo::server
