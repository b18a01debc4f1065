#pragma once

#include <string>
#include <variant>
#include <vector>

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "runtime/explained.h"
#include "server/peer.h"

namespace fermo::server {

/// A list of networks that peers are held against.
class Networks {
 public:
  /// `texts` in CIDR form or single addresses.
  static runtime::Explained<Networks> parse(const std::vector<std::string>& texts);

  /// A peer on a unix socket is in every list: file permissions have let it in.
  bool contains(const Peer& peer) const;

 private:
  using Network = std::variant<boost::asio::ip::network_v4, boost::asio::ip::network_v6>;
  bool add(const std::string& text);

  std::vector<Network> networks_;
};

}  // namespace fermo::server
