#pragma once

#include <string>
#include <string_view>

namespace fermo::config {

/// `text` in double quotes, fit for a terminal whatever it holds: control characters and what is not UTF-8 become \xNN,
/// and a long text is cut.
std::string in_quotes(std::string_view text);

/// As in_quotes(), without the quotes and without cutting.
std::string printable(std::string_view text);

/// `text` as a basic string of TOML. Octets that are not UTF-8 cannot be written in TOML and become U+FFFD.
std::string toml_string(std::string_view text);

}  // namespace fermo::config
