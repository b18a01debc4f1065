#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fermo::mail {

/// A date and time of day with its zone, as a header field has it.
struct DateTime {
  int year = 1970;
  unsigned month = 1;
  unsigned day = 1;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  int zone_minutes = 0;  ///< East of Greenwich.
  friend bool operator==(const DateTime&, const DateTime&) = default;
};

/// RFC 5322 §3.3, with the obsolete forms of §4.3: years of two digits, named zones, no seconds. Comments at the end
/// are passed over. Nothing when it is no date that a calendar has.
std::optional<DateTime> parse_date_time(std::string_view text);

/// When a message came: the date of its topmost Received field, or else its Date. Nothing when neither has one.
std::optional<DateTime> arrival_date(std::string_view head);

}  // namespace fermo::mail
