#include "imap/response.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/limits.h"
#include "mail/shown_text.h"

namespace fermo::imap {
namespace {

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c;
}

/// "[CODE …] text".
std::string code_of(std::string_view text) {
  if (!text.starts_with('[')) return {};
  text = text.substr(1, text.find_first_of("] ") - 1);
  std::string code(text.substr(0, limits::client_text_octets_max));
  std::ranges::transform(code, code.begin(), upper);
  return code;
}

template <class T>
std::optional<T> number_of(std::string_view digits) {
  T number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = !digits.empty() && error == std::errc() && end == digits.data() + digits.size();
  return whole ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<Status> parse_status(std::string_view text) {
  using Kind = Status::Kind;
  static constexpr std::array kinds{
      std::pair{std::string_view("OK"), Kind::ok}, std::pair{std::string_view("NO"), Kind::no},
      std::pair{std::string_view("BAD"), Kind::bad}, std::pair{std::string_view("PREAUTH"), Kind::preauth},
      std::pair{std::string_view("BYE"), Kind::bye}};
  for (const auto& [word, kind] : kinds) {
    if (take_word(text, word)) {
      return Status{kind, code_of(text), mail::shown_text(text, limits::client_text_octets_max)};
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> literal_octets(std::string_view line) {
  const auto begin = line.rfind('{');
  if (!line.ends_with('}') || begin == std::string_view::npos) return std::nullopt;
  return number_of<std::uint64_t>(line.substr(begin + 1, line.size() - begin - 2));
}

std::optional<std::uint32_t> parse_uid(std::string_view text) {
  const auto uid = number_of<std::uint32_t>(text);
  return uid && *uid > 0 ? uid : std::nullopt;
}

bool take_word(std::string_view& text, std::string_view word) {
  const bool begins = std::ranges::equal(text.substr(0, word.size()), word, {}, upper, upper);
  if (!begins || (text.size() > word.size() && text[word.size()] != ' ')) return false;
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return true;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    std::string word(text.substr(0, text.find(' ')));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    std::ranges::transform(word, word.begin(), upper);
    if (!word.empty()) words.push_back(std::move(word));
  }
  return words;
}

bool is_quotable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7e; });
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace fermo::imap
