#include "config/network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "config/text.h"

namespace fermo::config {
namespace {

constexpr std::array<std::uint8_t, 12> ipv4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr unsigned ipv4_prefix_bits = 96;

/// A network whose prefix counts in an IPv6 address for both families.
struct Network {
  AddressOctets address;
  unsigned prefix_bits;
};

AddressOctets masked(AddressOctets address, unsigned prefix_bits) {
  for (unsigned bit = prefix_bits; bit < 128; ++bit) {
    address[bit / 8] = static_cast<std::uint8_t>(address[bit / 8] & ~(0x80U >> (bit % 8)));
  }
  return address;
}

std::optional<Network> read_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = read_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Network{*address, 128};
  const std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  const unsigned bits_max = is_ipv4(*address) ? 32 : 128;
  if (error != std::errc() || end != digits.data() + digits.size() || bits > bits_max) return std::nullopt;
  return Network{*address, bits + 128 - bits_max};
}

std::string network_text(const Network& network) {
  const unsigned before = is_ipv4(network.address) ? ipv4_prefix_bits : 0;
  return address_text(network.address) + "/" + std::to_string(network.prefix_bits - before);
}

}  // namespace

std::optional<AddressOctets> read_address(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  AddressOctets address{};
  if (::inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return address;
  std::ranges::copy(ipv4_prefix, address.begin());
  if (::inet_pton(AF_INET, terminated.c_str(), address.data() + ipv4_prefix.size()) == 1) return address;
  return std::nullopt;
}

bool is_ipv4(const AddressOctets& address) {
  return std::equal(ipv4_prefix.begin(), ipv4_prefix.end(), address.begin());
}

bool is_loopback(const AddressOctets& address) {
  if (is_ipv4(address)) return address[ipv4_prefix.size()] == 127;
  AddressOctets loopback{};
  loopback.back() = 1;
  return address == loopback;
}

std::string address_text(const AddressOctets& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_ipv4(address)) {
    ::inet_ntop(AF_INET, address.data() + ipv4_prefix.size(), text, sizeof text);
  } else {
    ::inet_ntop(AF_INET6, address.data(), text, sizeof text);
  }
  return text;
}

std::string network_problem(std::string_view text) {
  const auto network = read_network(text);
  if (!network) return in_quotes(text) + " is not a network; write it like \"192.0.2.0/24\" or \"2001:db8::/32\"";
  const Network right{masked(network->address, network->prefix_bits), network->prefix_bits};
  if (right.address == network->address) return {};
  return in_quotes(text) + " has bits set after its prefix; write " + in_quotes(network_text(right));
}

bool is_loopback_network(std::string_view text) {
  // With no bits set after the prefix, the network of a loopback address reaches no further than loopback.
  const auto network = read_network(text);
  return network && is_loopback(network->address);
}

}  // namespace fermo::config
