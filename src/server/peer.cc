#include "server/peer.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>

namespace fermo::server {

namespace ip = boost::asio::ip;

Peer Peer::from(const sockaddr_storage& from) {
  if (from.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &from, sizeof(v4));
    return Peer{ip::address(ip::address_v4(ntohl(v4.sin_addr.s_addr)))};
  }
  if (from.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &from, sizeof(v6));
    ip::address_v6::bytes_type octets{};
    std::copy(std::begin(v6.sin6_addr.s6_addr), std::end(v6.sin6_addr.s6_addr), octets.begin());
    return Peer{ip::address(ip::address_v6(octets, v6.sin6_scope_id))};
  }
  return Peer{std::nullopt};
}

std::string Peer::text() const {
  return address ? address->to_string() : std::string();
}

bool Peer::is_local() const {
  return !address || address->is_loopback();
}

std::string Peer::allotment() const {
  if (!address || address->is_v4()) return text();
  ip::address_v6::bytes_type octets = address->to_v6().to_bytes();
  std::fill(octets.begin() + 8, octets.end(), static_cast<unsigned char>(0));
  return ip::address_v6(octets).to_string();
}

}  // namespace fermo::server
