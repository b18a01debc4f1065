#pragma once

#include <optional>
#include <string>

#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>

namespace fermo::server {

/// Who is at the other end of a connection.
struct Peer {
  std::optional<boost::asio::ip::address> address;  ///< Nothing: a process of this machine, over a unix socket.

  /// From what accept(2) gave.
  static Peer from(const sockaddr_storage& from);

  /// The address without the port; empty for a unix socket.
  std::string text() const;
  /// On this machine: over loopback or a unix socket.
  bool is_local() const;
  /// What one customer of a provider gets: an IPv4 address, or the /64 of an IPv6 one.
  std::string allotment() const;
};

}  // namespace fermo::server
