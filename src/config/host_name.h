#pragma once

#include <string_view>

namespace fermo::config {

/// Whether `name` can stand in a greeting and in a Received field: the host name of RFC 1123 §2.1.
bool is_host_name(std::string_view name);

}  // namespace fermo::config
