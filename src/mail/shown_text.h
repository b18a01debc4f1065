#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fermo::mail {

/// Words of a stranger, fit for a terminal or a log: control characters, what is no UTF-8 and what turns the direction
/// of writing become "?"; cut at `octets_max`.
std::string shown_text(std::string_view text, std::size_t octets_max);

}  // namespace fermo::mail
