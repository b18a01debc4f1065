#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fermo::mail {

/// Undoes byte-stuffing and finds the end of mail data: CRLF "." CRLF and nothing else (RFC 5321 §4.5.2, §2.3.8), so no
/// form of bare LF or bare CR can end a message here that goes on elsewhere (SMTP smuggling). One decoder reads one
/// message. Not thread-safe.
class DotDecoder {
 public:
  struct Progress {
    std::size_t consumed;  ///< Octets of the input used up; what follows the end is not touched.
    bool ended;            ///< The terminating line has been seen.
  };

  /// Appends the decoded content to `content`. Cuts between pieces may fall anywhere. A lone "." is the end only on a
  /// line of its own that both begins and ends with a true CRLF (the start of the data counts as the start of a line).
  Progress decode(std::string_view input, std::string& content);

  /// A LF without CR, or a CR without LF, was in what has been decoded: SMTP refuses the message for it.
  bool bare_lf_seen() const { return bare_lf_seen_; }
  bool bare_cr_seen() const { return bare_cr_seen_; }

 private:
  std::size_t pass_rest_of_line(std::string_view input, std::size_t at);

  enum class State { line_start, line_start_dot, line_start_dot_cr, in_line, after_cr };
  State state_ = State::line_start;
  bool bare_lf_seen_ = false;
  bool bare_cr_seen_ = false;
};

/// The same message after byte-stuffing: for tests and for small texts. Large messages go through WireEncoder.
std::string dot_stuffed(std::string_view content);

}  // namespace fermo::mail
