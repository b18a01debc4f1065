#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "fetch/ledger.h"

/// What the ledger knows about a message, in words.
namespace fermo::commands {

/// "2026-11-21 16:04:05", in the time zone of the user.
std::string local_time(Timestamp time);
/// "2026-11-21T15:04:05Z" (RFC 3339).
std::string utc_time(Timestamp time);

/// What has become of it here: "fetched".
std::string fate(const fetch::Record& record);
/// What has become of it on the server: "deleted", "still there".
std::string whereabouts(const fetch::Record& record);
/// Why, as it was decided last.
std::string why(const fetch::Record& record);
/// Several lines with everything that is known, each ended by a newline.
std::string history(const fetch::Record& record);
nlohmann::json to_json(const fetch::Record& record);

}  // namespace fermo::commands
