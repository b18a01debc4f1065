#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/ip/address.hpp>

namespace fermo::server {

/// A descriptor that is closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

struct ListeningSockets {
  std::vector<Descriptor> sockets;
  std::uint16_t port = 0;
  int failure = 0;  ///< errno; 0: all are listening.
};

/// `count` sockets that listen on one port of one address and share its connections (SO_REUSEPORT). `port` 0: any free
/// one, the same for all. EADDRINUSE when anybody listens there already: two servers must not share a port without
/// knowing.
ListeningSockets listen_tcp(const boost::asio::ip::address& address, std::uint16_t port, std::size_t count);

/// A unix socket that its owner and group may connect to (0660). A socket file that nobody answers on any more is
/// replaced; any other file is left alone and EADDRINUSE the answer.
ListeningSockets listen_unix(const std::filesystem::path& path);

}  // namespace fermo::server
