#include "config/key_values.h"

#include <array>

#include "config/host_name.h"
#include "config/network.h"
#include "config/text.h"

namespace fermo::config {
namespace {

void wrong_type(const Key& key, const Value& value, std::string_view wanted, Reading& reading) {
  reading.complain(value.line,
                   std::string(key.name) + " is " + std::string(value.kind) + "; it must be " + std::string(wanted));
}

void wrong_element(const Key& key, const Value& element, Reading& reading) {
  reading.complain(element.line, "an element of " + std::string(key.name) + " is " + std::string(element.kind) +
                                     "; it must be a string");
}

/// A string that is not empty.
const std::string* text(const Key& key, const Value& value, Reading& reading) {
  const auto* string = std::get_if<std::string>(&value.content);
  if (string == nullptr) {
    wrong_type(key, value, "a string", reading);
    return nullptr;
  }
  if (!string->empty()) return string;
  reading.complain(value.line, std::string(key.name) + " is empty; leave it out to get the default");
  return nullptr;
}

const std::vector<Value>* array(const Key& key, const Value& value, Reading& reading) {
  const auto* elements = std::get_if<std::vector<Value>>(&value.content);
  if (elements == nullptr) {
    wrong_type(key, value, "an array of strings", reading);
  } else if (elements->empty()) {
    reading.complain(value.line, std::string(key.name) + " is empty; leave it out to get the default");
  }
  return elements;
}

void read_listener(const Key& key, const Value& element, Reading& reading) {
  const auto* string = std::get_if<std::string>(&element.content);
  if (string == nullptr) {
    wrong_element(key, element, reading);
    return;
  }
  auto parsed = parse_listen(*string);
  if (parsed.listen) {
    reading.config.listen.push_back(std::move(*parsed.listen));
    reading.listen_lines.push_back(element.line);
  } else {
    reading.complain(element.line, "listen " + in_quotes(*string) + ": " + parsed.problem);
  }
}

void read_network(const Key& key, const Value& element, Reading& reading, std::vector<std::string>& target) {
  const auto* string = std::get_if<std::string>(&element.content);
  if (string == nullptr) {
    wrong_element(key, element, reading);
  } else if (auto problem = network_problem(*string); problem.empty()) {
    target.push_back(*string);
  } else {
    reading.complain(element.line, std::string(key.name) + ": " + problem);
  }
}

constexpr std::array<std::string_view, 5> log_levels{"trace", "debug", "info", "warning", "error"};

/// Where in `choices` the value stands.
std::optional<std::size_t> choice(const Key& key, const Value& value, Reading& reading,
                                  std::span<const std::string_view> choices) {
  const std::string* chosen = text(key, value, reading);
  if (chosen == nullptr) return std::nullopt;
  std::string list;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (*chosen == choices[i]) return i;
    list += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + in_quotes(choices[i]);
  }
  reading.complain(value.line, std::string(key.name) + " is " + in_quotes(*chosen) + "; it must be " + list);
  return std::nullopt;
}

}  // namespace

// --- Reading ---------------------------------------------------------------------------------------------------------

std::optional<std::uint64_t> read_number(const Key& key, const Value& value, const Range& range, Reading& reading) {
  const auto* integer = std::get_if<std::int64_t>(&value.content);
  if (integer == nullptr) {
    wrong_type(key, value, "an integer", reading);
    return std::nullopt;
  }
  if (*integer >= 0 && static_cast<std::uint64_t>(*integer) >= range.lowest &&
      static_cast<std::uint64_t>(*integer) <= range.highest) {
    return static_cast<std::uint64_t>(*integer);
  }
  const std::string reason = range.reason.empty() ? "" : " (" + std::string(range.reason) + ")";
  reading.complain(value.line, std::string(key.name) + " is " + std::to_string(*integer) + "; it must be from " +
                                   std::to_string(range.lowest) + " to " + std::to_string(range.highest) + reason);
  return std::nullopt;
}

void read_seconds(const Key& key, const Value& value, const Range& range, Reading& reading,
                  std::chrono::seconds& target) {
  if (const auto read = read_number(key, value, range, reading)) target = std::chrono::seconds(*read);
}

void read_path(const Key& key, const Value& value, Reading& reading, std::filesystem::path& target) {
  const std::string* path = text(key, value, reading);
  if (path == nullptr) return;
  if (path->find('\0') != std::string::npos) {
    reading.complain(value.line, std::string(key.name) + " holds a NUL, which no path can");
    return;
  }
  target = *path;
}

void read_host_name(const Key& key, const Value& value, Reading& reading) {
  const std::string* name = text(key, value, reading);
  if (name == nullptr) return;
  if (is_host_name(*name)) {
    reading.config.host_name = *name;
  } else {
    reading.complain(value.line, "host_name is " + in_quotes(*name) +
                                     "; it must be letters, digits and hyphens between dots (RFC 1123 §2.1)");
  }
}

void read_boolean(const Key& key, const Value& value, Reading& reading, bool& target) {
  if (const auto* boolean = std::get_if<bool>(&value.content)) {
    target = *boolean;
  } else {
    wrong_type(key, value, "true or false", reading);
  }
}

void read_listen(const Key& key, const Value& value, Reading& reading) {
  const auto* elements = array(key, value, reading);
  if (elements == nullptr) return;
  for (const Value& element : *elements) read_listener(key, element, reading);
}

void read_networks(const Key& key, const Value& value, Reading& reading, std::vector<std::string>& target) {
  const auto* elements = array(key, value, reading);
  if (elements == nullptr) return;
  for (const Value& element : *elements) read_network(key, element, reading, target);
}

void read_log_level(const Key& key, const Value& value, Reading& reading) {
  if (const auto chosen = choice(key, value, reading, log_levels)) reading.config.log_level = log_levels[*chosen];
}

void read_log_format(const Key& key, const Value& value, Reading& reading) {
  constexpr std::array<std::string_view, 2> formats{"text", "json"};
  const auto chosen = choice(key, value, reading, formats);
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
