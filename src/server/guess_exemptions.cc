#include "server/guess_exemptions.h"

#include <utility>

namespace fermo::server {

void GuessExemptions::use(const config::Config& config) {
  auto networks = Networks::parse(config.guess_exempt_networks);
  const std::lock_guard lock(mutex_);
  networks_ = networks ? std::move(*networks) : Networks();  // they were read with the configuration
}

bool GuessExemptions::contain(const account::LoginAttempt& attempt) const {
  boost::system::error_code no_address;
  const auto address = boost::asio::ip::make_address(attempt.peer, no_address);
  const std::lock_guard lock(mutex_);
  return !no_address && networks_.contains(Peer{address});
}

}  // namespace fermo::server
