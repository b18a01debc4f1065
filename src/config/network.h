#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fermo::config {

/// A numeric address of either family; IPv4 as ::ffff:a.b.c.d, so that one comparison serves both.
using AddressOctets = std::array<std::uint8_t, 16>;

/// Nothing when `text` is not a numeric IPv4 or IPv6 address.
std::optional<AddressOctets> read_address(std::string_view text);
bool is_ipv4(const AddressOctets& address);
bool is_loopback(const AddressOctets& address);
/// The one way to write it (RFC 5952 §4, as inet_ntop(3) does).
std::string address_text(const AddressOctets& address);

/// Why `text` is not a network in CIDR form or a single address, and what would be right; empty when it is one.
std::string network_problem(std::string_view text);
/// Whether a network without network_problem() holds only addresses of this machine.
bool is_loopback_network(std::string_view text);

}  // namespace fermo::config
