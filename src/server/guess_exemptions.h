#pragma once

#include <mutex>

#include "account/authenticator.h"
#include "config/config.h"
#include "server/networks.h"

namespace fermo::server {

/// Whose failed logins are not counted: those of peers in logins.exempt_networks. Where none are configured nobody is
/// exempt, whatever the process that speaks to the network says of its peers. Thread-safe.
class GuessExemptions {
 public:
  explicit GuessExemptions(const config::Config& config) { use(config); }

  /// Holds for logins that come from now on.
  void use(const config::Config& config);
  bool contain(const account::LoginAttempt& attempt) const;

 private:
  mutable std::mutex mutex_;
  Networks networks_;
};

}  // namespace fermo::server
