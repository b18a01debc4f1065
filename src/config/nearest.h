#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace fermo::config {

/// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// What somebody who wrote `word` probably meant; nothing when no candidate is near. A dotted candidate is near also
/// when only its last part is, so that a key in the wrong table finds its place.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace fermo::config
