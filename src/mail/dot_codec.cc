#include "mail/dot_codec.h"

#include <algorithm>

namespace fermo::mail {

DotDecoder::Progress DotDecoder::decode(std::string_view input, std::string& content) {
  std::size_t at = 0;
  std::size_t kept_from = 0;  // input[kept_from, at) is content that has not been appended yet
  while (at < input.size()) {
    switch (state_) {
      case State::line_start:
        if (input[at] != '.') {
          state_ = State::in_line;
          break;
        }
        content.append(input, kept_from, at - kept_from);
        kept_from = ++at;
        state_ = State::line_start_dot;
        break;
      case State::line_start_dot:
        state_ = input[at] == '\r' ? State::line_start_dot_cr : State::in_line;
        if (state_ == State::line_start_dot_cr) ++at;
        break;
      case State::line_start_dot_cr:
        if (input[at] == '\n') return {at + 1, true};
        if (kept_from == at) content.push_back('\r');  // it came with the piece before
        state_ = State::after_cr;
        break;
      case State::in_line:
      case State::after_cr:
        at = pass_rest_of_line(input, at);
        break;
    }
  }
  // The CR after a lone dot is content only when no LF follows.
  if (state_ != State::line_start_dot_cr) content.append(input, kept_from);
  return {input.size(), false};
}

/// Goes to the start of the next line, or to the end of the input; every octet on the way is content.
std::size_t DotDecoder::pass_rest_of_line(std::string_view input, std::size_t at) {
  const std::size_t lf = input.find('\n', at);
  const std::string_view line = input.substr(at, std::min(lf, input.size()) - at);
  const bool begins_after_cr = state_ == State::after_cr;
  const bool ends_in_cr = line.empty() ? begins_after_cr : line.ends_with('\r');
  // No LF is inside the line: a CR is bare wherever it stands but last.
  if (!bare_cr_seen_ && !line.empty()) {
    bare_cr_seen_ = begins_after_cr || line.substr(0, line.size() - 1).find('\r') != std::string_view::npos;
  }
  if (lf == std::string_view::npos) {
    state_ = ends_in_cr ? State::after_cr : State::in_line;
    return input.size();
  }
  bare_lf_seen_ = bare_lf_seen_ || !ends_in_cr;
  state_ = ends_in_cr ? State::line_start : State::in_line;
  return lf + 1;
}

std::string dot_stuffed(std::string_view content) {
  std::string stuffed;
  stuffed.reserve(content.size() + content.size() / 64);
  for (bool line_start = true; !content.empty();) {
    if (line_start && content.starts_with('.')) stuffed.push_back('.');
    const std::size_t lf = std::min(content.find('\n'), content.size() - 1);
    stuffed.append(content, 0, lf + 1);
    line_start = stuffed.ends_with("\r\n");
    content.remove_prefix(lf + 1);
  }
  return stuffed;
}

}  // namespace fermo::mail
