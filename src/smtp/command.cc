#include "smtp/command.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace fermo::smtp {
namespace {

struct Name {
  std::string_view name;
  Verb verb;
};

constexpr std::array<Name, 12> names{{
    {"LHLO", Verb::lhlo},
    {"HELO", Verb::helo},
    {"EHLO", Verb::helo},
    {"MAIL", Verb::mail},
    {"RCPT", Verb::rcpt},
    {"DATA", Verb::data},
    {"BDAT", Verb::bdat},
    {"RSET", Verb::rset},
    {"NOOP", Verb::noop},
    {"VRFY", Verb::vrfy},
    {"HELP", Verb::help},
    {"QUIT", Verb::quit},
}};

Verb verb_named(std::string_view name) {
  const auto found =
      std::ranges::find_if(names, [name](const Name& known) { return equal_ignoring_case(known.name, name); });
  return found == names.end() ? Verb::unknown : found->verb;
}

// RFC 5321 §4.1.1: white space before the line end should be tolerated.
std::string_view without_trailing_space(std::string_view line) {
  return line.substr(0, line.find_last_not_of(" \t") + 1);
}

constexpr char to_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

Command parse_command(std::string_view line) {
  line = without_trailing_space(line);
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return {verb_named(line), {}};
  return {verb_named(line.substr(0, space)), line.substr(space + 1)};
}

bool has_control_character(std::string_view line) {
  return std::ranges::any_of(without_trailing_space(line), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet < 0x20 || octet == 0x7f;
  });
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, to_upper, to_upper);
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace fermo::smtp
