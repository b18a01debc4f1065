#pragma once

#include <algorithm>
#include <cstddef>
#include <thread>

#include "config/config.h"

/// How many threads of each kind a configuration asks for.
namespace fermo::server {

inline std::size_t or_cores(std::size_t threads) {
  return threads != 0 ? threads : std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

inline std::size_t protocol_threads(const config::Config& config) {
  return or_cores(config.threads);
}
/// A store thread mostly waits for a disk, so there are more of them than cores.
inline std::size_t store_threads(const config::Config& config) {
  return config.store_threads != 0 ? config.store_threads : 4 * or_cores(0);
}
inline std::size_t login_threads(const config::Config& config) {
  return or_cores(config.hash_threads);
}

}  // namespace fermo::server
