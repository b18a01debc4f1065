#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/toml_reader.h"

namespace fermo::config {

/// A configuration that is being read.
struct Reading {
  Config config;
  std::vector<Problem> problems;
  std::vector<std::uint32_t> listen_lines;  ///< Of each of config.listen.

  void complain(std::uint32_t line, std::string message) { problems.push_back({line, std::move(message)}); }
};

/// One key of the configuration: the only place that says its name, its meaning, what it may be and where it is kept.
struct Key {
  std::string_view name;          ///< With its table: "limits.recipients_max".
  std::string_view explanation;   ///< For the operator; lines end in LF.
  std::string_view default_text;  ///< As TOML, for a value that is still left open.
  void (*read)(const Key& key, const Value& value, Reading& reading);
  /// As TOML; nothing when it is left open.
  std::optional<std::string> (*written)(const Config& config);
};

/// Every key, in the order in which describe() writes them.
std::span<const Key> keys();

}  // namespace fermo::config
