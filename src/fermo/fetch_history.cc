#include "fermo/fetch_history.h"

#include <array>
#include <cstddef>
#include <ctime>
#include <optional>

#include <nlohmann/json.hpp>

#include "fermo/table.h"
#include "fetch/number_text.h"

namespace fermo::commands {
namespace {

using fetch::Record;
using fetch::Standing;

std::string formatted(const std::tm& parts, const char* format) {
  std::array<char, 32> text{};
  const std::size_t octets = std::strftime(text.data(), text.size(), format, &parts);
  return {text.data(), octets};
}

std::time_t seconds_of(Timestamp time) {
  return std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::system_clock::duration>(time));
}

nlohmann::json json_of(const std::optional<Timestamp>& time) {
  return time ? nlohmann::json(utc_time(*time)) : nlohmann::json();
}

std::string dated(const std::string& what, const std::optional<Timestamp>& time) {
  return time ? what + " " + local_time(*time) : what;
}

std::string size_of(const Record& record) {
  if (!record.octets) return "of unknown length";
  return fetch::counted(record.octets->value, "octet");
}

bool is_of_fetching(fetch::Reason reason) {
  using enum fetch::Reason;
  return reason == is_new || reason == not_delivered_yet || reason == asked_for || reason == now_allowed ||
         reason == new_under_known_id || reason == no_identity;
}

}  // namespace

std::string local_time(Timestamp time) {
  const std::time_t seconds = seconds_of(time);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return formatted(parts, "%Y-%m-%d %H:%M:%S");
}

std::string utc_time(Timestamp time) {
  const std::time_t seconds = seconds_of(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return formatted(parts, "%Y-%m-%dT%H:%M:%SZ");
}

std::string fate(const Record& record) {
  switch (record.standing) {
    case Standing::waiting:
      return "not fetched";
    case Standing::skipped:
      return "not wanted";
    case Standing::head:
      return dated("fetched in part", record.delivered);
    case Standing::whole:
      return dated("fetched", record.delivered);
    case Standing::imported:
      return "fetched by another program";
    case Standing::refused:
      break;
  }
  return "refused by the target";
}

std::string whereabouts(const Record& record) {
  if (record.gone) return dated("deleted", record.gone);
  if (record.missing_since) return dated("not listed since", record.missing_since);
  if (record.deletion_asked) return "deletion not confirmed";
  return record.position > 0 ? "still there" : "never listed";
}

/// A decision stands as it was made, before it was carried out.
std::string why(const Record& record) {
  std::string text(fetch::words(record.reason));
  const bool deleted_in_that_run = record.deletion_asked && record.delivered && is_of_fetching(record.reason);
  return deleted_in_that_run ? text + "; the account keeps nothing that is delivered" : text;
}

std::string history(const Record& record) {
  std::string text = "message " + printable(record.key) + ", " + size_of(record);
  const auto line = [&text](const std::string& what) { text += "\n  " + what; };
  if (record.position > 0) line("position " + std::to_string(record.position) + " in the maildrop");
  line("first seen " + local_time(record.first_seen));
  line("here: " + fate(record));
  if (!record.delivery_name.empty()) line("its name there: " + printable(record.delivery_name));
  line("on the server: " + whereabouts(record));
  if (record.deletion_asked) line("deletion asked for " + local_time(*record.deletion_asked));
  if (record.whole_wanted) line("the whole of it is wanted");
  if (record.generation > 0) {
    line("the server gave this unique-id to " + std::to_string(record.generation) + " other messages before it");
  }
  line("because " + why(record));
  return text + "\n";
}

nlohmann::json to_json(const Record& record) {
  return {{"unique_id", record.key},
          {"position", record.position},
          {"octets", record.octets ? nlohmann::json(record.octets->value) : nlohmann::json()},
          {"standing", fetch::code(record.standing)},
          {"reason", fetch::code(record.reason)},
          {"text", "here: " + fate(record) + "; on the server: " + whereabouts(record) + "; because " + why(record)},
          {"first_seen", utc_time(record.first_seen)},
          {"delivered", json_of(record.delivered)},
          {"delivery_name", record.delivery_name},
          {"deletion_asked", json_of(record.deletion_asked)},
          {"gone", json_of(record.gone)},
          {"missing_since", json_of(record.missing_since)},
          {"whole_wanted", record.whole_wanted},
          {"generation", record.generation}};
}

}  // namespace fermo::commands
