#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace fermo::config {

/// Two things in a configuration that do not go together.
struct Conflict {
  std::string_view key;                 ///< The key to blame.
  std::optional<std::size_t> listener;  ///< Which of Config::listen, when it is about one.
  std::string message;
};

/// Listeners that collide.
std::vector<Conflict> colliding_listeners(const Config& config);

/// What else does not go together, given that every value was read: with some left out it may be misleading.
std::vector<Conflict> conflicts(const Config& config);

}  // namespace fermo::config
