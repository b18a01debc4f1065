#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <spdlog/fwd.h>

#include "config/config.h"
#include "runtime/cores.h"
#include "runtime/explained.h"
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

  /// Binds and listens; connections wait in the kernel until start().
  static runtime::Explained<std::unique_ptr<Listener>> open(const config::Listen& listen, runtime::Cores& cores,
                                                            std::shared_ptr<spdlog::logger> log);
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
  Listener(config::Listen listen, runtime::Cores& cores, std::shared_ptr<spdlog::logger> log)
      : listen_(std::move(listen)), cores_(cores), log_(std::move(log)) {}
  std::string open_tcp();
  std::string open_unix();
  void add(std::size_t core, int fd);

  struct Place {
    std::size_t core;
    std::shared_ptr<Acceptor> acceptor;
  };
  config::Listen listen_;
  runtime::Cores& cores_;
  std::shared_ptr<spdlog::logger> log_;
  std::vector<Place> places_;
};

}  // namespace fermo::server
