#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Small things that the importers share. Internal to the module.
namespace fermo::fetch {

/// Gives the lines of a text without their ends (LF or CRLF).
class TextLines {
 public:
  explicit TextLines(std::string_view text) : left_(text) {}
  /// Nothing at the end.
  std::optional<std::string_view> next();
  /// Of the line given last, from 1.
  std::uint64_t number() const { return number_; }

 private:
  std::string_view left_;
  std::uint64_t number_ = 0;
};

std::string_view trimmed(std::string_view text);
std::string in_lower_case(std::string_view text);
/// A decimal number without sign, white space or anything after it.
std::optional<std::uint64_t> decimal(std::string_view text);
/// A decimal number of seconds; one that nobody lives to see the end of is cut to what can be counted with.
std::optional<std::chrono::seconds> decimal_seconds(std::string_view text);
std::optional<std::uint16_t> port_number(std::string_view text);
/// At most 60 octets of `text`, in quotes, with control characters replaced: for a message to a person.
std::string quoted_for_people(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace fermo::fetch
