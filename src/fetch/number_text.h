#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Numbers for people.
namespace fermo::fetch {

/// "1,234".
std::string with_separators(std::uint64_t number);

/// "1 message", "1,234 messages".
std::string counted(std::uint64_t number, std::string_view noun);

}  // namespace fermo::fetch
