#include "server/log_text.h"

#include <array>

#include "base/limits.h"

namespace fermo::server {
namespace {

bool is_plain(char c) {
  return c >= 0x20 && c <= 0x7E && c != '"' && c != '\\';
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto octet = static_cast<unsigned char>(c);
  out += "\\x";
  out += digits[octet >> 4];
  out += digits[octet & 0x0F];
}

/// What log_text() gives holds no quotation mark, and backslashes only before an x.
std::string json_string(std::string_view cleaned) {
  std::string out = "\"";
  for (const char c : cleaned) {
    if (c == '\\') out += '\\';
    out += c;
  }
  out += '"';
  return out;
}

}  // namespace

std::string log_text(std::string_view text) {
  const bool cut = text.size() > limits::log_text_octets_max;
  std::string out;
  for (const char c : text.substr(0, limits::log_text_octets_max)) {
    if (is_plain(c)) {
      out += c;
    } else {
      append_escaped(out, c);
    }
  }
  if (cut) out += "...";
  return out;
}

LogLine::LogLine(config::LogFormat format, std::string_view event) : format_(format), line_(event) {
  if (format_ == config::LogFormat::json) line_ = "{\"event\":" + json_string(event);
}

void LogLine::add(std::string_view key, std::string_view text) {
  const std::string cleaned = log_text(text);
  if (format_ == config::LogFormat::json) {
    line_ += "," + json_string(key) + ":" + json_string(cleaned);
    return;
  }
  const bool quoted = cleaned.empty() || cleaned.find_first_of(" =") != std::string::npos;
  line_ += " ";
  line_ += key;
  line_ += quoted ? "=\"" + cleaned + "\"" : "=" + cleaned;
}

void LogLine::add(std::string_view key, std::uint64_t number) {
  if (format_ == config::LogFormat::json) {
    line_ += "," + json_string(key) + ":" + std::to_string(number);
    return;
  }
  line_ += " ";
  line_ += key;
  line_ += "=" + std::to_string(number);
}

std::string LogLine::finish() {
  if (format_ == config::LogFormat::json) line_ += "}";
  return std::move(line_);
}

}  // namespace fermo::server
