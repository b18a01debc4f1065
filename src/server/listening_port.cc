#include "server/listening_port.h"

#include <poll.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include <boost/asio/ip/address.hpp>

#include "server/listening_socket.h"

namespace fermo::server {
namespace {

namespace ip = boost::asio::ip;
using Outcome = runtime::Explained<ListeningPort>;

/// A free port of one family may be taken in the other: how often another one is tried.
constexpr int kPortTriesMax = 16;

/// A process that was killed may have let go of its locks, by which its successor knows that it is gone, a little
/// before its ports, and nothing tells when it has let go of those. With three ports that another server has, its error
/// comes within a second.
constexpr std::chrono::milliseconds kPortLetGoWithin{300};
constexpr int kMillisecondsBetweenTries = 10;

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

ListeningSockets listen_anywhere(const std::vector<ip::address>& addresses, std::size_t count) {
  ListeningSockets listening = listen_all(addresses, 0, count);
  for (int i = 1; i < kPortTriesMax && listening.failure == EADDRINUSE; ++i) {
    listening = listen_all(addresses, 0, count);
  }
  return listening;
}

ListeningSockets listen_when_free(const std::vector<ip::address>& addresses, std::uint16_t port, std::size_t count) {
  const auto end = std::chrono::steady_clock::now() + kPortLetGoWithin;
  ListeningSockets listening = listen_all(addresses, port, count);
  while (listening.failure == EADDRINUSE && std::chrono::steady_clock::now() < end) {
    ::poll(nullptr, 0, kMillisecondsBetweenTries);
    listening = listen_all(addresses, port, count);
  }
  return listening;
}

Outcome open_tcp(config::Listen listen, std::size_t cores) {
  const std::vector<ip::address> wanted = addresses(listen.address);
  if (wanted.empty()) {
    return Outcome::problem("cannot listen on " + listen.text() + ": \"" + listen.address + "\" is no numeric address");
  }
  ListeningSockets listening =
      listen.port == 0 ? listen_anywhere(wanted, cores) : listen_when_free(wanted, listen.port, cores);
  if (listening.failure != 0) return Outcome::problem(problem(listen, listening.failure));
  listen.port = listening.port;
  return ListeningPort{std::move(listen), std::move(listening.sockets)};
}

Outcome open_unix(const config::Listen& listen) {
  ListeningSockets listening = listen_unix(listen.unix_path);
  if (listening.failure != 0) return Outcome::problem(problem(listen, listening.failure));
  return ListeningPort{listen, std::move(listening.sockets)};
}

}  // namespace

Outcome open_port(const config::Listen& listen, std::size_t cores) {
  return listen.unix_path.empty() ? open_tcp(listen, cores) : open_unix(listen);
}

}  // namespace fermo::server
