#include "mail/wire_message.h"

#include <algorithm>

namespace fermo::mail {
namespace {

/// Up to the first LF, with it; all when there is none.
std::string_view first_line(std::string_view text) {
  const std::size_t lf = text.find('\n');
  return lf == std::string_view::npos ? text : text.substr(0, lf + 1);
}

/// `line` without the LF at its end, if there is one.
std::string_view without_lf(std::string_view line) {
  return line.substr(0, line.size() - (line.ends_with('\n') ? 1 : 0));
}

}  // namespace

void WireEncoder::encode(std::string_view content, std::string& wire) {
  while (!content.empty()) {
    const std::string_view piece = first_line(content);
    encode_within_line(piece, wire);
    content.remove_prefix(piece.size());
  }
}

/// `piece` holds no LF, or one at its end.
void WireEncoder::encode_within_line(std::string_view piece, std::string& wire) {
  if (line_octets_ == 0 && piece.front() == '.') {
    wire.push_back('.');
    ++summary_.wire_octets.value;
  }
  const bool has_lf = piece.back() == '\n';
  const std::string_view text = without_lf(piece);
  if (!text.empty()) after_cr_ = text.back() == '\r';
  if (has_lf && !after_cr_ && bare_lf_ == BareLf::to_crlf) {
    append(text, wire);
    append("\r\n", wire);
    end_line();
  } else {
    append(piece, wire);
    if (has_lf && after_cr_) end_line();
  }
}

void WireEncoder::append(std::string_view octets, std::string& wire) {
  wire.append(octets);
  summary_.octets.value += octets.size();
  summary_.wire_octets.value += octets.size();
  line_octets_ += octets.size();
}

void WireEncoder::end_line() {
  constexpr std::uint64_t crlf_octets = 2;
  if (!header_ended_ && line_octets_ == crlf_octets) {
    summary_.header_wire_octets = summary_.wire_octets;
    header_ended_ = true;
  }
  line_octets_ = 0;
  after_cr_ = false;
}

WireSummary WireEncoder::finish(std::string& wire) {
  if (line_octets_ > 0) append("\r\n", wire);
  if (!header_ended_) summary_.header_wire_octets = summary_.wire_octets;
  return summary_;
}

std::string_view TopFilter::pass(std::string_view piece) {
  std::size_t passed = static_cast<std::size_t>(std::min<std::uint64_t>(header_left_, piece.size()));
  header_left_ -= passed;
  while (passed < piece.size() && !done()) {
    const std::string_view line = first_line(piece.substr(passed));
    passed += line.size();
    if (const auto text = without_lf(line); !text.empty()) after_cr_ = text.back() == '\r';
    if (!line.ends_with('\n')) break;
    // Only a true CRLF: an answer cut behind a bare LF would hide its terminating dot in the middle of a line.
    if (after_cr_) --lines_left_;
    after_cr_ = false;
  }
  return piece.substr(0, passed);
}

}  // namespace fermo::mail
