#include "server/listening_socket.h"

#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>

#include "base/limits.h"

namespace fermo::server {
namespace {

namespace ip = boost::asio::ip;

constexpr int kStream = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

bool set_option(int fd, int level, int name) {
  constexpr int on = 1;
  return ::setsockopt(fd, level, name, &on, sizeof(on)) == 0;
}

/// A bound socket; without one errno says why.
Descriptor bound_tcp(const ip::tcp::endpoint& endpoint, bool shared) {
  Descriptor fd(::socket(endpoint.protocol().family(), kStream, IPPROTO_TCP));
  if (!fd || !set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR)) return {};
  if (endpoint.address().is_v6() && !set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY)) return {};
  if (shared && !set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT)) return {};
  if (::bind(fd.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) return {};
  return fd;
}

std::uint16_t port_of(int fd) {
  ip::tcp::endpoint endpoint(ip::tcp::v6(), 0);
  auto octets = static_cast<socklen_t>(endpoint.capacity());
  ::getsockname(fd, endpoint.data(), &octets);
  return endpoint.port();
}

/// Without SO_REUSEPORT the kernel refuses a port on which anybody listens, however they opened it.
bool port_is_free(const ip::tcp::endpoint& endpoint) {
  const Descriptor probe = bound_tcp(endpoint, false);
  return static_cast<bool>(probe);
}

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// 0 when the path is free, or was made free because nobody answered there.
int remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) return errno == ENOENT ? 0 : errno;
  if (!S_ISSOCK(found.st_mode)) return EADDRINUSE;
  const Descriptor probe(::socket(AF_UNIX, kStream, 0));
  if (!probe) return errno;
  if (::connect(probe.get(), generic(address), sizeof(address)) == 0 || errno != ECONNREFUSED) return EADDRINUSE;
  return ::unlink(path.c_str()) == 0 ? 0 : errno;
}

ListeningSockets failed(int failure) {
  return {{}, 0, failure};
}

}  // namespace

ListeningSockets listen_tcp(const ip::address& address, std::uint16_t port, std::size_t count) {
  if (port != 0 && !port_is_free({address, port})) return failed(errno);
  ListeningSockets listening;
  listening.port = port;
  for (std::size_t i = 0; i < count; ++i) {
    Descriptor fd = bound_tcp({address, listening.port}, true);
    if (!fd) return failed(errno);
    if (listening.port == 0) listening.port = port_of(fd.get());
    listening.sockets.push_back(std::move(fd));
  }
  for (const Descriptor& fd : listening.sockets) {
    if (::listen(fd.get(), limits::listen_backlog) != 0) return failed(errno);
  }
  return listening;
}

ListeningSockets listen_unix(const std::filesystem::path& path) {
  const std::string& text = path.native();
  if (text.size() >= sizeof(sockaddr_un::sun_path)) return failed(ENAMETOOLONG);
  const sockaddr_un address = unix_address(text);
  if (const int failure = remove_stale(text, address); failure != 0) return failed(failure);
  Descriptor fd(::socket(AF_UNIX, kStream, 0));
  if (!fd) return failed(errno);
  if (::bind(fd.get(), generic(address), sizeof(address)) != 0) return failed(errno);
  if (::chmod(text.c_str(), 0660) != 0 || ::listen(fd.get(), limits::listen_backlog) != 0) {
    const int failure = errno;
    ::unlink(text.c_str());
    return failed(failure);
  }
  ListeningSockets listening;
  listening.sockets.push_back(std::move(fd));
  return listening;
}

}  // namespace fermo::server
