#include "server/listener.h"

#include <utility>

#include <unistd.h>

#include "server/acceptor.h"

namespace fermo::server {

Listener::Listener(ListeningPort port, bool owns_path, runtime::Cores& cores,
                   const std::shared_ptr<spdlog::logger>& log)
    : listen_(std::move(port.listen)), owns_path_(owns_path && !listen_.unix_path.empty()), cores_(cores) {
  for (std::size_t i = 0; i < port.sockets.size(); ++i) {
    const std::size_t core = i % cores_.size();
    auto acceptor = std::make_shared<Acceptor>(cores_.at(core), port.sockets[i].release(), listen_.text(), log);
    places_.push_back({core, std::move(acceptor)});
  }
}

void Listener::start(const OnConnection& on_connection) {
  const bool on_one_core = !listen_.unix_path.empty();
  for (const Place& place : places_) {
    if (on_one_core) {
      // The kernel does not deal out the connections of a unix socket, so they go round.
      auto deal = [on_connection, next = std::size_t{0}, cores = cores_.size()](int fd, const Peer& peer) mutable {
        on_connection(next++ % cores, fd, peer);
      };
      place.acceptor->start(std::move(deal));
    } else {
      auto keep = [on_connection, core = place.core](int fd, const Peer& peer) { on_connection(core, fd, peer); };
      place.acceptor->start(std::move(keep));
    }
  }
}

/// The file goes first: once nobody answers on it, a server that starts now may put its own in that place.
void Listener::stop(std::size_t core) {
  for (const Place& place : places_) {
    if (place.core != core || !place.acceptor->is_open()) continue;
    if (owns_path_) ::unlink(listen_.unix_path.c_str());
    place.acceptor->close();
  }
}

Listener::~Listener() {
  for (std::size_t core = 0; core < cores_.size(); ++core) stop(core);
}

}  // namespace fermo::server
