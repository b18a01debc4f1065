#include "base/ids.h"

#include <algorithm>

#include "base/limits.h"

namespace fermo {

std::optional<DropId> DropId::from(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (text.empty() || text.size() > limits::drop_id_octets_max || std::ranges::any_of(text, is_control)) {
    return std::nullopt;
  }
  return DropId(std::string(text));
}

}  // namespace fermo
