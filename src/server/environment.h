#pragma once

#include <memory>

#include "config/config.h"
#include "runtime/blocking_pool.h"
#include "runtime/tls_context.h"
#include "server/networks.h"
#include "server/services.h"

namespace fermo::server {

/// What an operator can change while the server runs. A connection keeps the settings it began with.
struct Settings {
  config::Config config;
  std::shared_ptr<const runtime::TlsContext> tls;
  Networks lmtp_networks;
};

/// What all connections share. Outlives them.
struct Environment {
  Services services;
  runtime::BlockingPool& store_pool;
  runtime::BlockingPool& login_pool;
  runtime::BlockingPool& lookup_pool;  ///< Recipients; not the store's, which must not wait for whoever knows users.
};

}  // namespace fermo::server
