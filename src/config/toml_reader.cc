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

/// Finds what the library cannot be given, by following strings and comments just far enough to know what is inside of
/// them: too many dots, and (in 3.3, where it runs into undefined behaviour) octets beyond ASCII where a string over
/// several lines or a key may be.
class Sieve {
 public:
  std::optional<Problem> find_problem(std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    std::size_t at = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
    while (at < text.size()) {
      at += step(text.substr(at));
      if (!problem_.empty()) return Problem{line_, problem_};
    }
    return std::nullopt;
  }

 private:
  /// How many octets were dealt with.
  std::size_t step(std::string_view rest) {
    const char c = rest.front();
    if (c == '\n') return end_line();
    if (in_comment_) return 1;
    if (delimiter_ != '\0') return step_in_string(rest);
    if (c == '#') in_comment_ = true;
    if (c == '"' || c == '\'') delimiter_ = c;
    if (rest.starts_with("\"\"\"") || rest.starts_with("'''"))
      problem_ = "a string in three quotes; write it in one line";
    if (c == '.' && ++dots_ > dots_in_line_max) problem_ = "a key with too many dots";
    if (static_cast<unsigned char>(c) >= 0x80) problem_ = "not TOML: only ASCII may stand outside of strings";
    return 1;
  }

  std::size_t step_in_string(std::string_view rest) {
    const bool escape = rest.front() == '\\' && delimiter_ == '"' && rest.size() > 1 && rest[1] != '\n';
    if (rest.front() == delimiter_) delimiter_ = '\0';
    return escape ? 2 : 1;
  }

  std::size_t end_line() {
    ++line_;
    dots_ = 0;
    in_comment_ = false;
    delimiter_ = '\0';
    return 1;
  }

  std::uint32_t line_ = 1;
  unsigned dots_ = 0;
  bool in_comment_ = false;
  char delimiter_ = '\0';  ///< Of the string we are in; NUL: in none.
  std::string problem_;
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

std::string dotted(const std::vector<std::string>& path) {
  std::string key = path.front();
  for (std::size_t i = 1; i < path.size(); ++i) key += "." + path[i];
  return key;
}

void flatten(const toml::table& table, const std::vector<std::string>& path, TomlRead& read) {
  for (const auto& [key, node] : table) {
    std::vector<std::string> inner_path = path;
    inner_path.emplace_back(key.str());
    const auto* inner = node.as_table();
    if (inner != nullptr && !inner->empty()) {
      flatten(*inner, inner_path, read);
      read.tables.push_back({std::move(inner_path), inner->source().begin.line});
    } else {
      std::string name = dotted(inner_path);
      read.items.push_back({std::move(name), std::move(inner_path), value_of(node)});
    }
  }
}

TomlRead wrong_at(std::optional<std::uint32_t> line, std::string message) {
  return {.items = {}, .tables = {}, .problems = {{line, std::move(message)}}};
}

}  // namespace

TomlRead read_toml(std::string_view text) {
  if (text.size() > limits::config_octets_max) {
    return wrong_at({}, "longer than " + std::to_string(limits::config_octets_max) + " octets");
  }
  if (const auto problem = Sieve().find_problem(text)) return {.items = {}, .tables = {}, .problems = {*problem}};
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return wrong_at(error.source().begin.line, "not TOML: " + printable(error.description()));
  }
  TomlRead read;
  flatten(parsed.table(), {}, read);
  return read;
}

}  // namespace fermo::config
