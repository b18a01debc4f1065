#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/keys.h"
#include "config/value_reader.h"

/// How the values of keys are read, with a problem for each that is wrong, and written.
namespace fermo::config {

/// Nothing, and a problem, when it is not an integer within `range`.
std::optional<std::uint64_t> read_number(const Key& key, const Value& value, const Range& range, Reading& reading);

template <class Number>
void read_number(const Key& key, const Value& value, const Range& range, Reading& reading, Number& target) {
  if (const auto number = read_number(key, value, range, reading)) target = static_cast<Number>(*number);
}

void read_seconds(const Key& key, const Value& value, const Range& range, Reading& reading,
                  std::chrono::seconds& target);
void read_path(const Key& key, const Value& value, Reading& reading, std::filesystem::path& target);
void read_boolean(const Key& key, const Value& value, Reading& reading, bool& target);

void read_host_name(const Key& key, const Value& value, Reading& reading);
void read_listen(const Key& key, const Value& value, Reading& reading);
void read_networks(const Key& key, const Value& value, Reading& reading, std::vector<std::string>& target);
void read_protection(const Key& key, const Value& value, Reading& reading);
void read_log_level(const Key& key, const Value& value, Reading& reading);
void read_log_format(const Key& key, const Value& value, Reading& reading);

/// As TOML; nothing for what is empty, and so left open.
using Written = std::optional<std::string>;
Written written_text(const std::string& text);
Written written_array(const std::vector<std::string>& texts);
Written written_listen(const Config& config);

}  // namespace fermo::config
