#pragma once

#include <string>
#include <string_view>

#include "fetch/policy.h"

namespace fermo::fetch {

/// Puts a mode as people write it into `policy`: "delete", "keep", "keep-days=N" (at most 36,500), "keep-newest=N" or
/// "mirror". False, and nothing is changed, when it is none of these.
bool read_mode(std::string_view text, Policy& policy);
/// As read_mode() takes it.
std::string text_of_mode(const Policy& policy);

/// "delete, keep, keep-days=N, keep-newest=N or mirror", for messages to people.
inline constexpr std::string_view modes_for_people = "delete, keep, keep-days=N, keep-newest=N or mirror";

}  // namespace fermo::fetch
