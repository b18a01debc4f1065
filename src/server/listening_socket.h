#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "base/descriptor.h"

namespace fermo::server {

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
