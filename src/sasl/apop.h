#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace fermo::sasl {

/// The timestamp of a greeting, with its angle brackets (RFC 1939 §7). Nothing unless it is a plain message-id: a
/// server that picks its octets freely can learn the password from collisions of MD5 (CVE-2007-1558).
std::optional<std::string_view> apop_timestamp(std::string_view greeting);

/// The digest of APOP, in lower-case hexadecimal. The error is `unavailable` (sasl/plain.h).
Result<std::string> apop_digest(std::string_view timestamp, const Secret& password);

}  // namespace fermo::sasl
