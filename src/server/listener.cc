#include "server/listener.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <unistd.h>

#include <boost/asio/ip/address.hpp>

#include "server/acceptor.h"
#include "server/listening_socket.h"

namespace fermo::server {
namespace {

namespace ip = boost::asio::ip;

/// A free port of one family may be taken in the other: how often another one is tried.
constexpr int kPortTriesMax = 16;

std::string advice(int failure) {
  switch (failure) {
    case EADDRINUSE:
      return "; something listens there already: stop it (`ss -lp` names it) or choose another port or path";
    case EACCES:
      return "; this user may not: ports below 1024 need CAP_NET_BIND_SERVICE, a path a writable folder";
    case EADDRNOTAVAIL:
      return "; this machine has no such address: `ip address` lists those it has";
    case EAFNOSUPPORT:
      return "; this machine has no such address family";
    case ENOENT:
      return "; the folder does not exist";
    case ENAMETOOLONG:
      return "; the path of a unix socket has at most 107 octets";
    default:
      return "";
  }
}

std::string problem(const config::Listen& listen, int failure) {
  return "cannot listen on " + listen.text() + ": " + std::strerror(failure) + advice(failure);
}

std::vector<ip::address> addresses(const std::string& text) {
  if (text == "*") return {ip::address(ip::address_v4::any()), ip::address(ip::address_v6::any())};
  boost::system::error_code failure;
  const ip::address address = ip::make_address(text, failure);
  if (failure) return {};
  return {address};
}

/// For every address on one port, `count` sockets each, in the order of addresses.
ListeningSockets listen_all(const std::vector<ip::address>& addresses, std::uint16_t port, std::size_t count) {
  ListeningSockets all;
  all.port = port;
  for (const ip::address& address : addresses) {
    ListeningSockets one = listen_tcp(address, all.port, count);
    const bool no_such_family = one.failure == EAFNOSUPPORT && addresses.size() > 1 && address.is_v6();
    if (no_such_family) continue;
    if (one.failure != 0) return one;
    all.port = one.port;
    for (Descriptor& fd : one.sockets) all.sockets.push_back(std::move(fd));
  }
  return all;
}

}  // namespace

runtime::Explained<std::unique_ptr<Listener>> Listener::open(const config::Listen& listen, runtime::Cores& cores,
                                                             std::shared_ptr<spdlog::logger> log) {
  using Outcome = runtime::Explained<std::unique_ptr<Listener>>;
  std::unique_ptr<Listener> listener(new Listener(listen, cores, std::move(log)));
  std::string problem = listen.unix_path.empty() ? listener->open_tcp() : listener->open_unix();
  if (!problem.empty()) return Outcome::problem(std::move(problem));
  return Outcome(std::move(listener));
}

std::string Listener::open_tcp() {
  const std::vector<ip::address> wanted = addresses(listen_.address);
  if (wanted.empty())
    return "cannot listen on " + listen_.text() + ": \"" + listen_.address + "\" is no numeric address";
  ListeningSockets listening = listen_all(wanted, listen_.port, cores_.size());
  for (int i = 1; i < kPortTriesMax && listen_.port == 0 && listening.failure == EADDRINUSE; ++i) {
    listening = listen_all(wanted, 0, cores_.size());
  }
  if (listening.failure != 0) return problem(listen_, listening.failure);
  listen_.port = listening.port;
  for (std::size_t i = 0; i < listening.sockets.size(); ++i) {
    add(i % cores_.size(), listening.sockets[i].release());
  }
  return {};
}

std::string Listener::open_unix() {
  ListeningSockets listening = listen_unix(listen_.unix_path);
  if (listening.failure != 0) return problem(listen_, listening.failure);
  add(0, listening.sockets.front().release());
  return {};
}

void Listener::add(std::size_t core, int fd) {
  places_.push_back({core, std::make_shared<Acceptor>(cores_.at(core), fd, listen_.text(), log_)});
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
    if (!listen_.unix_path.empty()) ::unlink(listen_.unix_path.c_str());
    place.acceptor->close();
  }
}

Listener::~Listener() {
  for (std::size_t core = 0; core < cores_.size(); ++core) stop(core);
}

}  // namespace fermo::server
