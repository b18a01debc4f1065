#include "mail/message_text.h"

#include <algorithm>

namespace fermo::mail {

void MessageText::convert(std::string_view content, std::string& out) {
  for (const char octet : content) {
    if (octet == '\n') {
      after_cr_ = false;
      end_line(out);
      continue;
    }
    if (after_cr_) put(' ', out);
    after_cr_ = octet == '\r';
    if (!after_cr_) put(octet, out);
  }
}

void MessageText::finish(std::string& out) {
  if (after_cr_) put(' ', out);
  after_cr_ = false;
  if (line_octets_ > 0) end_line(out);
}

void MessageText::put(char octet, std::string& out) {
  out.push_back(octet);
  ++octets_;
  ++line_octets_;
  if (static_cast<unsigned char>(octet) > 0x7f) eight_bit_ = true;
}

void MessageText::end_line(std::string& out) {
  out.append("\r\n");
  octets_ += 2;
  line_octets_max_ = std::max(line_octets_max_, line_octets_);
  line_octets_ = 0;
}

void DotStuffing::stuff(std::string_view text, std::string& out) {
  while (!text.empty()) {
    if (line_begins_ && text.front() == '.') out.push_back('.');
    const std::size_t lf = text.find('\n');
    line_begins_ = lf != std::string_view::npos;
    const std::string_view line = text.substr(0, line_begins_ ? lf + 1 : text.size());
    out.append(line);
    text.remove_prefix(line.size());
  }
}

}  // namespace fermo::mail
