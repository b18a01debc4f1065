#include "mail/trace_fields.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "base/check.h"
#include "base/limits.h"

namespace fermo::mail {
namespace {

/// RFC 5322 §2.1.1, without the CRLF.
constexpr std::size_t line_octets_wanted = 78;
/// A host name, and what stands for one, is at most as long as a domain (RFC 1035 §2.3.4).
constexpr std::size_t word_octets_max = 255;

/// Writes one header field, each word of it on the line before where it fits and on a folded one where it does not.
class Field {
 public:
  explicit Field(std::string_view name) : text_(name) {
    text_ += ':';
    line_octets_ = text_.size();
  }

  Field& word(std::string_view word) {
    const bool fits = line_octets_ + 1 + word.size() <= line_octets_wanted;
    if (!fits) line_octets_ = 0;
    text_.append(fits ? " " : "\r\n\t").append(word);
    line_octets_ += 1 + word.size();
    return *this;
  }

  std::string end() { return std::move(text_) + "\r\n"; }

 private:
  std::string text_;
  std::size_t line_octets_;
};

bool is_printable_ascii(char c) {
  return c > 0x20 && c < 0x7f;
}

/// A word that no reader can take for anything else: whatever separates, quotes, comments or ends is gone.
std::string cleaned(std::string_view word, std::size_t octets_max = word_octets_max) {
  std::string clean(word.substr(0, octets_max));
  const auto harmful = [](char c) {
    return !is_printable_ascii(c) || std::string_view("()<>[]:;@\\,\"").find(c) != std::string_view::npos;
  };
  std::ranges::replace_if(clean, harmful, '?');
  return clean.empty() ? "unknown" : clean;
}

/// A domain or address literal as it is, anything else cleaned.
std::string host(std::string_view name) {
  const auto address = parse_address("x@" + std::string(name), false);
  return address ? std::string(name) : cleaned(name);
}

/// An address that parse_address would not have given (local input may name anything) is shown cleaned.
std::string address_text(const Address& address) {
  std::string text = address.text();
  return parse_address(text, true) == address ? text : cleaned(text, limits::path_octets_max);
}

/// The TCP-info of RFC 5321 §4.4; empty when `peer` is no IP address.
std::string address_literal(const std::string& peer) {
  in6_addr address;
  if (::inet_pton(AF_INET, peer.c_str(), &address) == 1) return "[" + peer + "]";
  if (::inet_pton(AF_INET6, peer.c_str(), &address) == 1) return "[IPv6:" + peer + "]";
  return {};
}

std::string two_digits(unsigned number) {
  return {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
}

/// date-time of RFC 5322 §3.3.
std::string date_time(Timestamp at) {
  using namespace std::chrono;
  constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = floor<std::chrono::days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(floor<seconds>(at - day));
  const auto two = [](auto count) { return two_digits(static_cast<unsigned>(count)); };
  return std::string(days[weekday(day).c_encoding()]) + ", " + two(unsigned{date.day()}) + " " +
         months[unsigned{date.month()} - 1] + " " + std::to_string(int{date.year()}) + " " + two(time.hours().count()) +
         ":" + two(time.minutes().count()) + ":" + two(time.seconds().count()) + " +0000";
}

void add_from(Field& field, const Trace& trace) {
  const std::string literal = address_literal(trace.peer);
  if (trace.helo.empty() && literal.empty()) return;
  field.word("from").word(trace.helo.empty() ? literal : host(trace.helo));
  if (!literal.empty()) field.word("(" + literal + ")");
}

std::string received(const Trace& trace) {
  Field field("Received");
  add_from(field, trace);
  field.word("by").word(host(trace.by)).word("with").word(cleaned(trace.protocol)).word("id").word(cleaned(trace.id));
  field.word("for").word("<" + address_text(trace.recipient) + ">;").word(date_time(trace.received_at));
  return field.end();
}

}  // namespace

std::string trace_fields(const Trace& trace) {
  const std::string reverse_path = trace.reverse_path ? address_text(*trace.reverse_path) : "";
  std::string fields = "Return-Path: <" + reverse_path + ">\r\n";
  fields += "Delivered-To: " + address_text(trace.recipient) + "\r\n";
  fields += received(trace);
  FERMO_CHECK(fields.size() <= limits::trace_fields_octets_max);
  return fields;
}

}  // namespace fermo::mail
