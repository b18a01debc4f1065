#include "config/nearest.h"

#include <algorithm>
#include <vector>

namespace fermo::config {
namespace {

constexpr std::size_t word_octets_max = 64;

std::string_view last_part(std::string_view key) {
  return key.substr(key.rfind('.') + 1);
}

std::size_t difference(std::size_t a, std::size_t b) {
  return std::max(a, b) - std::min(a, b);
}

/// Never more than key_distance(), and quick: so many octets have to be put in or taken out.
std::size_t least_key_distance(std::string_view word, std::string_view key) {
  const std::size_t in_another_table = 1 + difference(last_part(word).size(), last_part(key).size());
  return std::min(difference(word.size(), key.size()), in_another_table);
}

std::size_t key_distance(std::string_view word, std::string_view key) {
  const std::size_t in_another_table = 1 + edit_distance(last_part(word), last_part(key));
  return std::min(edit_distance(word, key), in_another_table);
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> steps(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) steps[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) steps[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = steps[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      steps[i][j] = std::min({steps[i - 1][j] + 1, steps[i][j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) steps[i][j] = std::min(steps[i][j], steps[i - 2][j - 2] + 1);
    }
  }
  return steps[a.size()][b.size()];
}

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() > word_octets_max) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(2, last_part(word).size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    if (least_key_distance(word, candidate) >= best_distance) continue;
    const std::size_t distance = key_distance(word, candidate);
    if (distance >= best_distance) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

}  // namespace fermo::config
