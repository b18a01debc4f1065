#include "fetch/line_ends.h"

namespace fermo::fetch {
namespace {

constexpr std::string_view from = "From ";

}  // namespace

void CrlfToLf::convert(std::string_view content, std::string& out) {
  while (!content.empty()) {
    if (after_cr_ && content.front() != '\n') out.push_back('\r');
    after_cr_ = false;
    const std::size_t cr = content.find('\r');
    out.append(content.substr(0, cr));
    if (cr == std::string_view::npos) return;
    after_cr_ = true;
    content.remove_prefix(cr + 1);
  }
}

void CrlfToLf::finish(std::string& out) {
  if (after_cr_) out.push_back('\r');
  after_cr_ = false;
}

void MboxQuoting::quote(std::string_view content, std::string& out) {
  for (const char octet : content) take(octet, out);
}

void MboxQuoting::take(char octet, std::string& out) {
  line_empty_ = octet == '\n';
  if (deciding_) {
    if (octet == '>' && matched_ == 0) {
      ++brackets_;
      return;
    }
    if (octet == from[matched_]) {
      if (++matched_ < from.size()) return;
      out.push_back('>');
      release(out);
      return;
    }
    release(out);
  }
  out.push_back(octet);
  deciding_ = octet == '\n';
}

void MboxQuoting::release(std::string& out) {
  out.append(brackets_, '>');
  out.append(from.substr(0, matched_));
  brackets_ = 0;
  matched_ = 0;
  deciding_ = false;
}

void MboxQuoting::finish(std::string& out) {
  release(out);
  if (!line_empty_) out.push_back('\n');
}

}  // namespace fermo::fetch
