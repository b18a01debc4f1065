#pragma once

#include <memory>

#include <spdlog/fwd.h>

#include "account/authenticator.h"
#include "account/directory.h"
#include "base/clock.h"
#include "maildrop/maildrop.h"
#include "server/tls_source.h"

namespace fermo::server {

/// What a server works with. It reaches mail and users through these interfaces alone; what stands behind them (an
/// embedded store, another process) is chosen by whoever makes it. Everything named here must outlive the server and be
/// thread-safe.
struct Services {
  maildrop::Store& store;
  account::Authenticator& authenticator;
  account::Directory& directory;
  const Clock& clock;
  std::shared_ptr<spdlog::logger> log;  ///< Never null; see server/log.h.
  TlsSource* tls = nullptr;             ///< Null: the server reads the certificate and its key itself.
};

}  // namespace fermo::server
