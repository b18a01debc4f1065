#include "fetch/head_identity.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/limits.h"

namespace fermo::fetch {
namespace {

constexpr std::size_t digest_digits = 40;
constexpr std::array<std::string_view, 10> chosen_fields{
    "received", "message-id", "date", "from", "sender", "to", "cc", "subject", "delivered-to", "x-original-to"};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view without_trailing_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string in_lower_case(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), lower);
  return lowered;
}

/// Runs of white space become one space, at the ends none is left.
std::string normalised(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (!is_blank(c)) {
      out.push_back(c);
    } else if (!out.empty() && out.back() != ' ') {
      out.push_back(' ');
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace

void HeadReader::append(std::string_view content) {
  for (const char octet : content) {
    if (ended_) return;
    take(octet);
  }
}

void HeadReader::take(char octet) {
  if (++octets_ > limits::head_identity_octets_max) {
    ended_ = true;
    return;
  }
  if (octet == '\n') {
    end_line();
    return;
  }
  if (line_octets_ == 0 && octet != '\r' && !is_blank(octet)) end_field();
  ++line_octets_;
  after_cr_ = octet == '\r';
  if (!after_cr_ && field_.size() < limits::head_field_octets_max) field_.push_back(octet);
}

void HeadReader::end_line() {
  if (line_octets_ == 0 || (line_octets_ == 1 && after_cr_)) ended_ = true;
  line_octets_ = 0;
  after_cr_ = false;
}

void HeadReader::end_field() {
  const std::size_t colon = field_.find(':');
  if (colon != std::string::npos) {
    const std::string name = in_lower_case(without_trailing_blanks(std::string_view(field_).substr(0, colon)));
    if (std::ranges::find(chosen_fields, name) != chosen_fields.end()) {
      has_message_id_ = has_message_id_ || name == "message-id";
      has_received_ = has_received_ || name == "received";
      hash_.update_counted(name);
      hash_.update_counted(normalised(std::string_view(field_).substr(colon + 1)));
    }
  }
  field_.clear();
}

HeadIdentity HeadReader::finish() {
  end_field();
  ended_ = true;
  return {hash_.hexadecimal(digest_digits), has_message_id_ && has_received_};
}

HeadIdentity head_identity(std::string_view head) {
  HeadReader reader;
  reader.append(head);
  return reader.finish();
}

}  // namespace fermo::fetch
