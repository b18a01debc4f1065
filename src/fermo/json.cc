#include "fermo/json.h"

#include <ostream>

#include <nlohmann/json.hpp>

namespace fermo::commands {

void print_json(std::ostream& out, const nlohmann::json& value) {
  out << value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

}  // namespace fermo::commands
