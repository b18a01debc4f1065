#pragma once

#include <iosfwd>

#include <nlohmann/json_fwd.hpp>

namespace fermo::commands {

/// One value on a line of its own. Octets that are no UTF-8 (a maildrop's name may hold some) become U+FFFD.
void print_json(std::ostream& out, const nlohmann::json& value);

}  // namespace fermo::commands
