#include "fetch/policy_text.h"

#include <optional>

#include "fetch/import_text.h"

namespace fermo::fetch {

bool read_mode(std::string_view text, Policy& policy) {
  constexpr std::uint64_t days_max = 36'500;
  const auto equals = text.find('=');
  const std::string_view word = text.substr(0, equals);
  const auto number = equals == std::string_view::npos ? std::nullopt : decimal(text.substr(equals + 1));
  if (text == "delete") {
    policy.mode = Mode::remove;
  } else if (text == "keep") {
    policy.mode = Mode::keep;
  } else if (text == "mirror") {
    policy.mode = Mode::mirror;
  } else if (word == "keep-days" && number && *number <= days_max) {
    policy.mode = Mode::keep_days;
    policy.keep_days = std::chrono::days(*number);
  } else if (word == "keep-newest" && number) {
    policy.mode = Mode::keep_newest;
    policy.keep_newest = *number;
  } else {
    return false;
  }
  return true;
}

std::string text_of_mode(const Policy& policy) {
  switch (policy.mode) {
    case Mode::remove:
      return "delete";
    case Mode::keep:
      return "keep";
    case Mode::keep_days:
      return "keep-days=" + std::to_string(policy.keep_days.count());
    case Mode::keep_newest:
      return "keep-newest=" + std::to_string(policy.keep_newest);
    case Mode::mirror:
      break;
  }
  return "mirror";
}

}  // namespace fermo::fetch
