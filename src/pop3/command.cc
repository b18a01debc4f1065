#include "pop3/command.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace fermo::pop3 {
namespace {

constexpr std::array verbs = {
    std::pair{std::string_view("AUTH"), Verb::auth}, std::pair{std::string_view("CAPA"), Verb::capa},
    std::pair{std::string_view("DELE"), Verb::dele}, std::pair{std::string_view("LIST"), Verb::list},
    std::pair{std::string_view("NOOP"), Verb::noop}, std::pair{std::string_view("PASS"), Verb::pass},
    std::pair{std::string_view("QUIT"), Verb::quit}, std::pair{std::string_view("RETR"), Verb::retr},
    std::pair{std::string_view("RSET"), Verb::rset}, std::pair{std::string_view("STAT"), Verb::stat},
    std::pair{std::string_view("STLS"), Verb::stls}, std::pair{std::string_view("TOP"), Verb::top},
    std::pair{std::string_view("UIDL"), Verb::uidl}, std::pair{std::string_view("USER"), Verb::user},
};

constexpr char to_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

Verb verb_named(std::string_view keyword) {
  for (const auto& [name, verb] : verbs) {
    if (equal_ignoring_case(name, keyword)) return verb;
  }
  return Verb::unknown;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, to_upper, to_upper);
}

Command parse_command(std::string_view line) {
  const auto space = line.find(' ');
  Command command{.verb = verb_named(line.substr(0, space)), .argument = {}};
  if (space != std::string_view::npos) command.argument = line.substr(space + 1);
  return command;
}

std::vector<std::string_view> split_words(std::string_view argument) {
  std::vector<std::string_view> words;
  while (true) {
    const auto begin = argument.find_first_not_of(' ');
    if (begin == std::string_view::npos) return words;
    argument.remove_prefix(begin);
    const auto word = argument.substr(0, argument.find(' '));
    words.push_back(word);
    argument.remove_prefix(word.size());
  }
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  if (text.empty()) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    number = number > (largest - digit) / 10 ? largest : number * 10 + digit;
  }
  return number;
}

}  // namespace fermo::pop3
