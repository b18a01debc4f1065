#include "smtp/client_reply.h"

#include <algorithm>
#include <utility>

namespace fermo::smtp::client {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes 1 to 3 digits off the front.
bool take_digits(std::string_view& text) {
  std::size_t digits = 0;
  while (digits < text.size() && digits < 4 && is_digit(text[digits])) ++digits;
  if (digits == 0 || digits > 3) return false;
  text.remove_prefix(digits);
  return true;
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; });
  return out;
}

std::string_view take_word(std::string_view& text) {
  const auto begin = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(begin);
  const auto word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace

std::string Reply::words() const {
  std::string all = std::to_string(code);
  for (const std::string* part : {&status, &text}) {
    if (!part->empty()) all += " " + *part;
  }
  return all;
}

std::optional<ReplyLine> parse_reply_line(std::string_view line) {
  if (line.size() < 3 || !std::all_of(line.begin(), line.begin() + 3, is_digit)) return std::nullopt;
  const auto code = static_cast<std::uint16_t>((line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
  if (code < 200 || code > 599) return std::nullopt;
  if (line.size() == 3) return ReplyLine{code, true, {}};
  if (line[3] != ' ' && line[3] != '-') return std::nullopt;
  return ReplyLine{code, line[3] == ' ', line.substr(4)};
}

std::string take_status(std::uint16_t code, std::string_view& text) {
  std::string_view rest = text;
  const bool fits = !rest.empty() && rest.front() - '0' == code / 100;
  if (!fits) return {};
  rest.remove_prefix(1);
  for (int part = 0; part < 2; ++part) {
    if (!rest.starts_with('.')) return {};
    rest.remove_prefix(1);
    if (!take_digits(rest)) return {};
  }
  if (!rest.empty() && rest.front() != ' ') return {};
  std::string status(text.substr(0, text.size() - rest.size()));
  text = rest.empty() ? rest : rest.substr(1);
  return status;
}

void Extensions::take_line(std::string_view line) {
  const std::string keyword = upper(take_word(line));
  if (keyword == "PIPELINING") pipelining = true;
  if (keyword == "STARTTLS") starttls = true;
  if (keyword == "8BITMIME") eight_bit_mime = true;
  if (keyword == "SMTPUTF8") smtputf8 = true;
  if (keyword == "CHUNKING") chunking = true;
  if (keyword == "BINARYMIME") binary_mime = true;
  if (keyword == "SIZE") size = true;
  if (keyword != "AUTH") return;
  for (auto word = take_word(line); !word.empty(); word = take_word(line)) auth.push_back(upper(word));
}

}  // namespace fermo::smtp::client
