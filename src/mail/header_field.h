#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fermo::mail {

/// The value of the first field of that name (without regard to case) in `head`, unfolded and without the spaces around
/// it (RFC 5322 §2.2). Lines may end in CRLF or LF; what follows a blank line is not looked at.
std::optional<std::string> header_field(std::string_view head, std::string_view name);

}  // namespace fermo::mail
