#include "config/toml_reader.h"

#include <optional>

#include "base/limits.h"
#include "config/text.h"

// Header only and without exceptions; values nested deeper than in any configuration are an error and not a deep
// recursion.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#define TOML_MAX_NESTED_VALUES 16
// Some of its assertions can be reached by input ("[?]" in 3.3), where the code after them reports an error as it
// should. With NDEBUG they would become assumptions of the compiler instead.
#undef NDEBUG
#define TOML_ASSERT(condition) static_assert(true)
#include <toml++/toml.h>

namespace fermo::config {
namespace {

/// Dots outside of strings in one line; a true line has two at most. The library builds, and destroys, a dotted key by
/// recursion, one level for each dot.
constexpr unsigned dots_in_line_max = 16;

/// Follows strings and comments just far enough to know what is inside of them.
class DotCounter {
 public:
  /// The line that has too many dots; nothing when there is none.
  std::optional<std::uint32_t> find_too_many(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      at += step(text.substr(at));
      if (dots_ > dots_in_line_max) return line_;
    }
    return std::nullopt;
  }

 private:
  /// How many octets were dealt with.
  std::size_t step(std::string_view rest) {
    if (rest.front() == '\n') return end_line();
    if (in_comment_) return 1;
    if (!delimiter_.empty()) return step_in_string(rest);
    if (rest.front() == '#') in_comment_ = true;
    if (rest.front() == '.') ++dots_;
    for (const std::string_view delimiter : {R"(""")", "'''", "\"", "'"}) {
      if (!rest.starts_with(delimiter)) continue;
      delimiter_ = delimiter;
      return delimiter.size();
    }
    return 1;
  }

  std::size_t step_in_string(std::string_view rest) {
    if (rest.front() == '\\' && delimiter_.front() == '"' && rest.size() > 1 && rest[1] != '\n') return 2;
    if (!rest.starts_with(delimiter_)) return 1;
    std::size_t octets = delimiter_.size();
    // A long string may end in one or two quotes of its own before the delimiter.
    const std::size_t octets_max = octets == 3 ? 5 : octets;
    while (octets < octets_max && octets < rest.size() && rest[octets] == delimiter_.front()) ++octets;
    delimiter_ = {};
    return octets;
  }

  std::size_t end_line() {
    ++line_;
    dots_ = 0;
    in_comment_ = false;
    if (delimiter_.size() == 1) delimiter_ = {};  // only the long ones go on over lines
    return 1;
  }

  std::uint32_t line_ = 1;
  unsigned dots_ = 0;
  bool in_comment_ = false;
  std::string_view delimiter_;  ///< Of the string we are in; empty: in none.
};

std::string_view kind_of(toml::node_type type) {
  switch (type) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a float";
    case toml::node_type::boolean:
      return "a boolean";
    default:
      return "a date or time";
  }
}

Value value_of(const toml::node& node) {
  Value value{.line = node.source().begin.line, .kind = kind_of(node.type()), .content = {}};
  if (const auto* boolean = node.as_boolean()) value.content = boolean->get();
  if (const auto* integer = node.as_integer()) value.content = integer->get();
  if (const auto* string = node.as_string()) value.content = string->get();
  if (const auto* array = node.as_array()) {
    std::vector<Value> elements;
    for (const toml::node& element : *array) elements.push_back(value_of(element));
    value.content = std::move(elements);
  }
  return value;
}

void flatten(const toml::table& table, const std::string& prefix, std::vector<Item>& items) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    const auto* inner = node.as_table();
    if (inner != nullptr && !inner->empty()) {
      flatten(*inner, name + ".", items);
    } else {
      items.push_back({name, value_of(node)});
    }
  }
}

TomlRead wrong_at(std::optional<std::uint32_t> line, std::string message) {
  return {.items = {}, .problems = {{line, std::move(message)}}};
}

}  // namespace

TomlRead read_toml(std::string_view text) {
  if (text.size() > limits::config_octets_max) {
    return wrong_at({}, "longer than " + std::to_string(limits::config_octets_max) + " octets");
  }
  if (const auto line = DotCounter().find_too_many(text)) return wrong_at(line, "a key with too many dots");
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return wrong_at(error.source().begin.line, "not TOML: " + printable(error.description()));
  }
  TomlRead read;
  flatten(parsed.table(), "", read.items);
  return read;
}

}  // namespace fermo::config
