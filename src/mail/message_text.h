#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fermo::mail {

/// Brings a message into the form in which alone it may be sent: lines that end in CRLF, the last one too, no other CR
/// and LF (RFC 5321 §2.3.8). A bare LF becomes CRLF and a bare CR a space, as Postfix has it since 3.9: servers refuse
/// both, or disagree on where the message ends. Tells what has to be known before it is sent. One object takes one
/// message. Not thread-safe.
class MessageText {
 public:
  /// Appends the text of `content`. Cuts between pieces may fall anywhere.
  void convert(std::string_view content, std::string& out);
  /// Call once, at the end.
  void finish(std::string& out);

  std::uint64_t octets() const { return octets_; }
  bool eight_bit() const { return eight_bit_; }
  /// Of the longest line, without its CRLF.
  std::uint64_t line_octets_max() const { return line_octets_max_; }

 private:
  void put(char octet, std::string& out);
  void end_line(std::string& out);

  std::uint64_t octets_ = 0;
  std::uint64_t line_octets_ = 0;
  std::uint64_t line_octets_max_ = 0;
  bool after_cr_ = false;
  bool eight_bit_ = false;
};

/// Doubles the dots that begin lines (RFC 5321 §4.5.2) in text that MessageText made. One object takes one message. Not
/// thread-safe.
class DotStuffing {
 public:
  void stuff(std::string_view text, std::string& out);

 private:
  bool line_begins_ = true;
};

}  // namespace fermo::mail
