#include "config/value_reader.h"

#include "config/text.h"

namespace fermo::config {

void ValueReader::complain(std::string_view what) const {
  problems_.push_back({value_.line, std::string(key_) + std::string(what)});
}

void ValueReader::wrong_type(std::string_view wanted) const {
  complain(" is " + std::string(value_.kind) + "; it must be " + std::string(wanted));
}

const std::string* ValueReader::text() const {
  const auto* string = std::get_if<std::string>(&value_.content);
  if (string == nullptr) {
    wrong_type("a string");
    return nullptr;
  }
  if (!string->empty()) return string;
  complain(" is empty; leave it out to get the default");
  return nullptr;
}

const std::string* ValueReader::path() const {
  const std::string* const path = text();
  if (path == nullptr || path->find('\0') == std::string::npos) return path;
  complain(" holds a NUL, which no path can");
  return nullptr;
}

std::optional<std::uint64_t> ValueReader::number(const Range& range) const {
  const auto* integer = std::get_if<std::int64_t>(&value_.content);
  if (integer == nullptr) {
    wrong_type("an integer");
    return std::nullopt;
  }
  if (*integer >= 0 && static_cast<std::uint64_t>(*integer) >= range.lowest &&
      static_cast<std::uint64_t>(*integer) <= range.highest) {
    return static_cast<std::uint64_t>(*integer);
  }
  const std::string reason = range.reason.empty() ? "" : " (" + std::string(range.reason) + ")";
  complain(" is " + std::to_string(*integer) + "; it must be from " + std::to_string(range.lowest) + " to " +
           std::to_string(range.highest) + reason);
  return std::nullopt;
}

std::optional<bool> ValueReader::boolean() const {
  if (const auto* boolean = std::get_if<bool>(&value_.content)) return *boolean;
  wrong_type("true or false");
  return std::nullopt;
}

std::optional<std::size_t> ValueReader::choice(std::span<const std::string_view> choices) const {
  const std::string* chosen = text();
  if (chosen == nullptr) return std::nullopt;
  std::string list;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (*chosen == choices[i]) return i;
    list += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + in_quotes(choices[i]);
  }
  complain(" is " + in_quotes(*chosen) + "; it must be " + list);
  return std::nullopt;
}

std::vector<ValueReader::Element> ValueReader::strings() const {
  std::vector<Element> strings;
  const auto* elements = std::get_if<std::vector<Value>>(&value_.content);
  if (elements == nullptr) {
    wrong_type("an array of strings");
    return strings;
  }
  if (elements->empty()) complain(" is empty; leave it out to get the default");
  for (const Value& element : *elements) {
    if (const auto* string = std::get_if<std::string>(&element.content)) {
      strings.push_back({*string, element.line});
    } else {
      problems_.push_back({element.line, "an element of " + std::string(key_) + " is " + std::string(element.kind) +
                                             "; it must be a string"});
    }
  }
  return strings;
}

}  // namespace fermo::config
