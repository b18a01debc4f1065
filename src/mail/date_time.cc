#include "mail/date_time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "mail/header_field.h"

namespace fermo::mail {
namespace {

constexpr std::array months{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};

/// RFC 5322 §4.3; any other name means that nothing is known, as -0000 does.
struct Zone {
  std::string_view name;
  int hours;
};
constexpr std::array zones{Zone{"est", -5}, Zone{"edt", -4}, Zone{"cst", -6}, Zone{"cdt", -5},
                           Zone{"mst", -7}, Zone{"mdt", -6}, Zone{"pst", -8}, Zone{"pdt", -7}};

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return out;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  void skip_spaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }
  bool take(char c) {
    skip_spaces();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view word() {
    skip_spaces();
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto end = std::ranges::find_if_not(rest_, letter);
    return cut(static_cast<std::size_t>(end - rest_.begin()));
  }
  /// The digits, which may be none.
  std::string_view digits() {
    skip_spaces();
    return cut(std::min(rest_.find_first_not_of("0123456789"), rest_.size()));
  }
  std::optional<unsigned> number(std::size_t digits_max) {
    const auto text = digits();
    unsigned value = 0;
    if (text.empty() || text.size() > digits_max) return std::nullopt;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }

 private:
  std::string_view cut(std::size_t octets) {
    const auto taken = rest_.substr(0, octets);
    rest_.remove_prefix(octets);
    return taken;
  }
  std::string_view rest_;
};

std::optional<int> read_year(Reader& reader) {
  const auto text = reader.digits();
  int year = 0;
  if (text.size() < 2 || text.size() > 4) return std::nullopt;
  std::from_chars(text.data(), text.data() + text.size(), year);
  if (text.size() == 4) return year;
  // RFC 5322 §4.3: 00 to 49 are of this century, anything else with two or three digits is added to 1900.
  return text.size() == 2 && year < 50 ? year + 2000 : year + 1900;
}

bool read_date(Reader& reader, DateTime& date) {
  if (!reader.word().empty() && !reader.take(',')) return false;
  const auto day = reader.number(2);
  const auto* const month = std::ranges::find(months, lower(reader.word().substr(0, 3)));
  const auto year = read_year(reader);
  if (!day || month == months.end() || !year) return false;
  date.day = *day;
  date.month = static_cast<unsigned>(month - months.begin()) + 1;
  date.year = *year;
  const std::chrono::year_month_day found{std::chrono::year(date.year), std::chrono::month(date.month),
                                          std::chrono::day(date.day)};
  return found.ok() && date.year >= 1900;
}

bool read_time(Reader& reader, DateTime& date) {
  const auto hour = reader.number(2);
  const bool colon = reader.take(':');
  const auto minute = reader.number(2);
  if (!hour || !colon || !minute) return false;
  date.hour = *hour;
  date.minute = *minute;
  if (reader.take(':')) {
    const auto second = reader.number(2);
    if (!second) return false;
    date.second = *second;
  }
  constexpr unsigned leap_second = 60;
  return date.hour < 24 && date.minute < 60 && date.second <= leap_second;
}

bool read_zone(Reader& reader, DateTime& date) {
  const bool west = reader.take('-');
  if (west || reader.take('+')) {
    const auto text = reader.digits();
    int value = 0;
    if (text.size() != 4) return false;
    std::from_chars(text.data(), text.data() + text.size(), value);
    const int minutes = value / 100 * 60 + value % 100;
    constexpr int day_minutes = 24 * 60;
    date.zone_minutes = west ? -minutes : minutes;
    return value % 100 < 60 && minutes < day_minutes;
  }
  const auto* const zone = std::ranges::find(zones, lower(reader.word()), &Zone::name);
  if (zone != zones.end()) date.zone_minutes = zone->hours * 60;
  return true;
}

}  // namespace

std::optional<DateTime> parse_date_time(std::string_view text) {
  Reader reader(text);
  DateTime date;
  if (!read_date(reader, date) || !read_time(reader, date) || !read_zone(reader, date)) return std::nullopt;
  return date;
}

std::optional<DateTime> arrival_date(std::string_view head) {
  if (const auto received = header_field(head, "Received")) {
    const auto semicolon = received->rfind(';');
    if (semicolon != std::string::npos) {
      if (const auto date = parse_date_time(std::string_view(*received).substr(semicolon + 1))) return date;
    }
  }
  const auto date = header_field(head, "Date");
  return date ? parse_date_time(*date) : std::nullopt;
}

}  // namespace fermo::mail
