#include <algorithm>

#include "config/config.h"
#include "config/conflicts.h"
#include "config/keys.h"
#include "config/nearest.h"
#include "config/text.h"

namespace fermo::config {
namespace {

const Key* find_key(std::string_view name) {
  const auto found = std::ranges::find(keys(), name, &Key::name);
  return found == keys().end() ? nullptr : &*found;
}

bool is_table(std::string_view name) {
  const std::string prefix = std::string(name) + ".";
  return std::ranges::any_of(keys(), [&](const Key& key) { return key.name.starts_with(prefix); });
}

std::string unknown_key(const Item& item) {
  const std::string start = "unknown key " + in_quotes(item.key);
  std::vector<std::string_view> names;
  for (const Key& key : keys()) names.push_back(key.name);
  const auto meant = nearest(item.key, names);
  return meant ? start + "; did you mean " + std::string(*meant) + "?"
               : start + "; see docs/configuration.md for all keys";
}

void read_item(const Item& item, Reading& reading) {
  const bool empty_table = item.value.kind == "a table";
  if (const Key* key = find_key(item.key)) {
    key->read(*key, item.value, reading);
  } else if (!is_table(item.key)) {
    reading.complain(item.value.line, unknown_key(item));
  } else if (!empty_table) {
    reading.complain(item.value.line,
                     item.key + " is " + std::string(item.value.kind) + "; it must be a table, [" + item.key + "]");
  }
}

std::uint32_t line_of(const Conflict& conflict, const Reading& reading, const std::vector<Item>& items) {
  if (conflict.listener) return reading.listen_lines[*conflict.listener];
  return std::ranges::find(items, conflict.key, &Item::key)->value.line;
}

void add_conflicts(const std::vector<Conflict>& conflicts, const std::vector<Item>& items, Reading& reading) {
  for (const Conflict& conflict : conflicts) reading.complain(line_of(conflict, reading, items), conflict.message);
}

}  // namespace

std::string Problem::text(std::string_view file) const {
  const std::string where = line ? ":" + std::to_string(*line) : "";
  return printable(file) + where + ": " + printable(message);
}

Parsed parse(std::string_view toml) {
  TomlRead toml_read = read_toml(toml);
  Reading reading;
  reading.problems = std::move(toml_read.problems);
  for (const Item& item : toml_read.items) read_item(item, reading);
  const bool all_read = reading.problems.empty();
  add_conflicts(colliding_listeners(reading.config), toml_read.items, reading);
  if (all_read) add_conflicts(conflicts(reading.config), toml_read.items, reading);
  const auto place = [](const Problem& problem) { return std::tie(problem.line, problem.message); };
  std::ranges::sort(reading.problems, {}, place);
  return {.config = std::move(reading.config), .problems = std::move(reading.problems)};
}

}  // namespace fermo::config
