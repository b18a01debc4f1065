#include "config/conflicts.h"

#include <algorithm>

#include "config/network.h"
#include "config/text.h"

namespace fermo::config {
namespace {

/// Whether a socket on `wide` takes every connection to `narrow`, given one port.
bool covers(const std::string& wide, const std::string& narrow) {
  if (wide == narrow || wide == "*") return true;
  const bool narrow_is_ipv6 = narrow.find(':') != std::string::npos;
  return narrow != "*" && (narrow_is_ipv6 ? wide == "::" : wide == "0.0.0.0");
}

bool collide(const Listen& a, const Listen& b) {
  if (!a.unix_path.empty() || !b.unix_path.empty()) {
    return a.unix_path.lexically_normal() == b.unix_path.lexically_normal();
  }
  if (a.port != b.port || a.port == 0) return false;
  return covers(a.address, b.address) || covers(b.address, a.address);
}

bool is_beyond_loopback(const Listen& listen) {
  if (!listen.unix_path.empty()) return false;
  const auto address = read_address(listen.address);
  return !address || !is_loopback(*address);
}

}  // namespace

std::vector<Conflict> colliding_listeners(const Config& config) {
  std::vector<Conflict> found;
  for (std::size_t later = 0; later < config.listen.size(); ++later) {
    const auto before = config.listen.begin() + static_cast<std::ptrdiff_t>(later);
    const auto other = std::find_if(config.listen.begin(), before,
                                    [&](const Listen& earlier) { return collide(earlier, config.listen[later]); });
    if (other == before) continue;
    found.push_back({"listen", later,
                     "listen " + in_quotes(config.listen[later].text()) + " is on the same address as " +
                         in_quotes(other->text()) + "; take one of them away"});
  }
  return found;
}

std::vector<Conflict> conflicts(const Config& config) {
  std::vector<Conflict> found;
  const bool has_certificate = !config.tls.certificate.empty();
  if (has_certificate == config.tls.key.empty()) {
    found.push_back({has_certificate ? "tls.certificate" : "tls.key", std::nullopt,
                     has_certificate ? "tls.certificate needs its tls.key" : "tls.key needs its tls.certificate"});
  }
  if (!std::ranges::all_of(config.lmtp_networks, is_loopback_network)) return found;
  for (std::size_t i = 0; i < config.listen.size(); ++i) {
    const Listen& listen = config.listen[i];
    if (listen.protocol != Protocol::lmtp || !is_beyond_loopback(listen)) continue;
    found.push_back({"listen", i,
                     "listen " + in_quotes(listen.text()) +
                         " can be reached from other machines, and LMTP has no "
                         "passwords; say in lmtp.networks who may deliver"});
  }
  return found;
}

}  // namespace fermo::config
