#include "config/host_name.h"

#include <algorithm>
#include <cstddef>

namespace fermo::config {
namespace {

constexpr std::size_t name_octets_max = 253;
constexpr std::size_t label_octets_max = 63;

bool is_label_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= label_octets_max && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, is_label_character);
}

}  // namespace

bool is_host_name(std::string_view name) {
  if (name.size() > name_octets_max) return false;
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

}  // namespace fermo::config
