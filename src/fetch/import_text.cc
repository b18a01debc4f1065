#include "fetch/import_text.h"

#include <algorithm>
#include <charconv>

namespace fermo::fetch {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::optional<std::string_view> TextLines::next() {
  if (left_.empty()) return std::nullopt;
  ++number_;
  const std::size_t lf = left_.find('\n');
  std::string_view line = left_.substr(0, lf);
  left_.remove_prefix(lf == std::string_view::npos ? left_.size() : lf + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::string in_lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<std::uint64_t> decimal(std::string_view text) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::chrono::seconds> decimal_seconds(std::string_view text) {
  constexpr std::uint64_t seconds_max = 10'000'000'000;
  const auto number = decimal(text);
  if (!number) return std::nullopt;
  return std::chrono::seconds(std::min(*number, seconds_max));
}

std::optional<std::uint16_t> port_number(std::string_view text) {
  const auto number = decimal(text);
  if (!number || *number == 0 || *number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

std::string quoted_for_people(std::string_view text) {
  constexpr std::size_t octets_max = 60;
  std::string out = "\"";
  for (const char c : text.substr(0, octets_max)) {
    out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c);
  }
  return out + (text.size() > octets_max ? "…\"" : "\"");
}

}  // namespace fermo::fetch
