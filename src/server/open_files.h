#pragma once

#include <cstddef>

#include "config/config.h"

namespace fermo::server {

/// From now on as many files may be open as the system lets this process have; how many that is. The usual soft limit
/// of 1,024 is for programs that use select(2).
std::size_t allow_open_files();

/// How many clients can be connected at once when so many files may be open and everything else has what it needs; at
/// least one.
std::size_t connections_possible(const config::Config& config, std::size_t open_files_max);

}  // namespace fermo::server
