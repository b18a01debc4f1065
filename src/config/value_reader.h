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

/// What a number may be, and why; nothing is said about the reason when it is plain.
struct Range {
  std::uint64_t lowest;
  std::uint64_t highest;
  std::string_view reason = {};
};

/// Reads the value of one key. Each of its functions gives the value in the form that the key wants, or nothing after a
/// problem was added that says what would be right. Keeps references to all that it is made of.
class ValueReader {
 public:
  ValueReader(std::string_view key, const Value& value, std::vector<Problem>& problems)
      : key_(key), value_(value), problems_(problems) {}

  /// A string that is not empty.
  const std::string* text() const;
  /// A string that is not empty and holds no NUL.
  const std::string* path() const;
  std::optional<std::uint64_t> number(const Range& range) const;
  std::optional<bool> boolean() const;
  /// Which of `choices` it is.
  std::optional<std::size_t> choice(std::span<const std::string_view> choices) const;

  struct Element {
    const std::string& text;
    std::uint32_t line;
  };
  /// The strings of an array that is not empty, without those elements that are something else.
  std::vector<Element> strings() const;

  /// Adds a problem at the line of the value: the key, then `what`.
  void complain(std::string_view what) const;

 private:
  void wrong_type(std::string_view wanted) const;
  std::string_view key_;
  const Value& value_;
  std::vector<Problem>& problems_;
};

}  // namespace fermo::config
