#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/explained.h"
#include "server/environment.h"

namespace fermo::server {

/// What `config` says, ready for use: the certificate loaded (by `tls_source`, or from the files when that is null),
/// the networks read.
runtime::Explained<std::shared_ptr<const Settings>> make_settings(const config::Config& config, TlsSource* tls_source,
                                                                  spdlog::logger& log);

/// The keys that differ and take effect only after a restart.
std::vector<std::string> keys_for_restart(const config::Config& before, const config::Config& after);

}  // namespace fermo::server
