#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/explained.h"
#include "server/environment.h"

namespace fermo::server {

/// What `config` says, ready for use: the certificate loaded (a self-signed one made when none is named), the networks
/// read.
runtime::Explained<std::shared_ptr<const Settings>> make_settings(const config::Config& config, spdlog::logger& log);

/// The keys that differ and take effect only after a restart.
std::vector<std::string> keys_for_restart(const config::Config& before, const config::Config& after);

}  // namespace fermo::server
