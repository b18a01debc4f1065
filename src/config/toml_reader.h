#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace fermo::config {

/// A value of TOML as far as a configuration needs to tell them apart, and where it stands.
struct Value {
  std::uint32_t line = 0;
  std::string_view kind;  ///< For people: "a string", "a float", …
  /// Nothing for what no key takes: floats, dates, tables.
  std::variant<std::monostate, bool, std::int64_t, std::string, std::vector<Value>> content;
};

/// A key with its value; keys in tables are dotted ("limits.recipients_max").
struct Item {
  std::string key;
  std::vector<std::string> path;  ///< The same, part by part: a part that was quoted may hold dots.
  Value value;
};

/// A table that holds something.
struct TableAt {
  std::vector<std::string> path;
  std::uint32_t line = 0;
};

struct TomlRead {
  std::vector<Item> items;        ///< In no particular order. A table without keys is an item of its own.
  std::vector<TableAt> tables;    ///< In no particular order.
  std::vector<Problem> problems;  ///< The text is not TOML: one, at its line, and no items.
};

/// The only place that knows the TOML library. Never throws.
TomlRead read_toml(std::string_view text);

}  // namespace fermo::config
