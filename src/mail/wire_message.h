#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/octets.h"

namespace fermo::mail {

/// What is fixed at intake about a message in wire form: lines that end in CRLF (the last one too), each line that
/// begins with "." byte-stuffed (RFC 1939 §3), without the terminating ".CRLF". `RETR` sends these octets as they are.
struct WireSummary {
  Octets octets;              ///< As LIST announces it: before byte-stuffing, with every CRLF.
  Octets wire_octets;         ///< As stored and sent: `octets` plus one for each stuffed line.
  Octets header_wire_octets;  ///< Of wire_octets, the header with the blank line that ends it; all when there is none.
  friend bool operator==(const WireSummary&, const WireSummary&) = default;
};

/// Turns a message into wire form, piece by piece, in one pass and with constant memory. Not thread-safe.
class WireEncoder {
 public:
  enum class BareLf {
    /// For input that is free of bare LF: the caller has refused it otherwise (DotDecoder::bare_lf_seen). One that
    /// comes
    /// all the same passes unchanged and ends no line, so the dot in LF "." LF is not stuffed: stuffing it would change
    /// the
    /// message for every client that reads RFC 1939 §3, not doing so ends it for the clients that end lines at LF.
    keep,
    /// For local input in Unix form (`fermo deliver`, import): nothing bare is left in the wire form.
    to_crlf,
  };

  explicit WireEncoder(BareLf bare_lf) : bare_lf_(bare_lf) {}

  /// Appends the wire form of `content` to `wire`. Cuts between pieces may fall anywhere. Bare CR, NUL and 8-bit octets
  /// pass unchanged.
  void encode(std::string_view content, std::string& wire);

  /// Ends the last line with CRLF where the message did not, and tells what was seen. Call once, at the end.
  WireSummary finish(std::string& wire);

  /// The octets so far, as LIST would announce them.
  Octets octets() const { return summary_.octets; }

 private:
  void encode_within_line(std::string_view piece, std::string& wire);
  void append(std::string_view octets, std::string& wire);
  void end_line();

  BareLf bare_lf_;
  WireSummary summary_;
  std::uint64_t line_octets_ = 0;  ///< Of the line that has not ended, before byte-stuffing.
  bool after_cr_ = false;
  bool header_ended_ = false;
};

/// Lets through the header, the blank line and the first `lines` lines of the body of a message in wire form
/// (TOP, RFC 1939 §7). Not thread-safe.
class TopFilter {
 public:
  /// `header` is WireSummary::header_wire_octets of the message.
  TopFilter(Octets header, std::uint64_t lines) : header_left_(header.value), lines_left_(lines) {}

  /// The leading part of `piece` that belongs to the answer: all of it until the limit is reached.
  std::string_view pass(std::string_view piece);
  /// Nothing more can pass: the rest of the message need not be read.
  bool done() const { return header_left_ == 0 && lines_left_ == 0; }

 private:
  std::uint64_t header_left_;
  std::uint64_t lines_left_;
  bool after_cr_ = false;
};

}  // namespace fermo::mail
