#include "config/key_values.h"

#include <array>

#include "config/host_name.h"
#include "config/network.h"
#include "config/text.h"

namespace fermo::config {
namespace {

ValueReader reader(const Key& key, const Value& value, Reading& reading) {
  return {key.name, value, reading.problems};
}

constexpr std::array<std::string_view, 5> log_levels{"trace", "debug", "info", "warning", "error"};

}  // namespace

// --- Reading ---------------------------------------------------------------------------------------------------------

std::optional<std::uint64_t> read_number(const Key& key, const Value& value, const Range& range, Reading& reading) {
  return reader(key, value, reading).number(range);
}

void read_seconds(const Key& key, const Value& value, const Range& range, Reading& reading,
                  std::chrono::seconds& target) {
  if (const auto read = read_number(key, value, range, reading)) target = std::chrono::seconds(*read);
}

void read_path(const Key& key, const Value& value, Reading& reading, std::filesystem::path& target) {
  if (const std::string* path = reader(key, value, reading).path()) target = *path;
}

void read_host_name(const Key& key, const Value& value, Reading& reading) {
  const std::string* name = reader(key, value, reading).text();
  if (name == nullptr) return;
  if (is_host_name(*name)) {
    reading.config.host_name = *name;
  } else {
    reading.complain(value.line, "host_name is " + in_quotes(*name) +
                                     "; it must be letters, digits and hyphens between dots (RFC 1123 §2.1)");
  }
}

void read_boolean(const Key& key, const Value& value, Reading& reading, bool& target) {
  target = reader(key, value, reading).boolean().value_or(target);
}

void read_listen(const Key& key, const Value& value, Reading& reading) {
  for (const auto& element : reader(key, value, reading).strings()) {
    auto parsed = parse_listen(element.text);
    if (parsed.listen) {
      reading.config.listen.push_back(std::move(*parsed.listen));
      reading.listen_lines.push_back(element.line);
    } else {
      reading.complain(element.line, "listen " + in_quotes(element.text) + ": " + parsed.problem);
    }
  }
}

void read_networks(const Key& key, const Value& value, Reading& reading, std::vector<std::string>& target) {
  for (const auto& element : reader(key, value, reading).strings()) {
    if (auto problem = network_problem(element.text); problem.empty()) {
      target.push_back(element.text);
    } else {
      reading.complain(element.line, std::string(key.name) + ": " + problem);
    }
  }
}

void read_protection(const Key& key, const Value& value, Reading& reading) {
  constexpr std::array<std::string_view, 2> choices{"possible", "required"};
  const auto chosen = reader(key, value, reading).choice(choices);
  if (chosen) reading.config.protection = *chosen == 0 ? Protection::possible : Protection::required;
}

void read_log_level(const Key& key, const Value& value, Reading& reading) {
  const auto chosen = reader(key, value, reading).choice(log_levels);
  if (chosen) reading.config.log_level = log_levels[*chosen];
}

void read_log_format(const Key& key, const Value& value, Reading& reading) {
  constexpr std::array<std::string_view, 2> formats{"text", "json"};
  const auto chosen = reader(key, value, reading).choice(formats);
  if (chosen) reading.config.log_format = *chosen == 0 ? LogFormat::text : LogFormat::json;
}

// --- Writing ---------------------------------------------------------------------------------------------------------

Written written_text(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return toml_string(text);
}

/// Each on a line of its own, so that a problem can name its line.
Written written_array(const std::vector<std::string>& texts) {
  if (texts.empty()) return std::nullopt;
  std::string written = "[\n";
  for (const std::string& element : texts) written += "  " + toml_string(element) + ",\n";
  return written + "]";
}

Written written_listen(const Config& config) {
  std::vector<std::string> texts;
  for (const Listen& listen : config.listen) texts.push_back(listen.text());
  return written_array(texts);
}

}  // namespace fermo::config
