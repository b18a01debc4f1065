#include "server/networks.h"

#include <algorithm>

namespace fermo::server {
namespace {

namespace ip = boost::asio::ip;

bool holds(const ip::network_v4& network, const ip::address& address) {
  return address.is_v4() && ip::network_v4(address.to_v4(), network.prefix_length()).canonical() == network.canonical();
}

bool holds(const ip::network_v6& network, const ip::address& address) {
  if (!address.is_v6()) return false;
  const ip::address_v6 unscoped(address.to_v6().to_bytes());
  return ip::network_v6(unscoped, network.prefix_length()).canonical() == network.canonical();
}

}  // namespace

bool Networks::add(const std::string& text) {
  boost::system::error_code failure;
  const bool single = text.find('/') == std::string::npos;
  const auto v4 = ip::make_network_v4(single ? text + "/32" : text, failure);
  if (!failure) {
    networks_.emplace_back(v4);
    return true;
  }
  const auto v6 = ip::make_network_v6(single ? text + "/128" : text, failure);
  if (!failure) networks_.emplace_back(v6);
  return !failure;
}

runtime::Explained<Networks> Networks::parse(const std::vector<std::string>& texts) {
  Networks networks;
  for (const std::string& text : texts) {
    if (networks.add(text)) continue;
    return runtime::Explained<Networks>::problem("\"" + text + "\" is no network: write 192.0.2.0/24 or 2001:db8::/32");
  }
  return networks;
}

bool Networks::contains(const Peer& peer) const {
  if (!peer.address) return true;
  const auto holds_peer = [&](const Network& network) {
    return std::visit([&](const auto& one) { return holds(one, *peer.address); }, network);
  };
  return std::any_of(networks_.begin(), networks_.end(), holds_peer);
}

}  // namespace fermo::server
