#pragma once

#include <string>
#include <string_view>

namespace fermo::fetch {

/// Turns CRLF into LF, as Maildirs and mboxes have it. A bare CR or LF passes unchanged. One object converts one
/// message. Not thread-safe.
class CrlfToLf {
 public:
  /// Appends the converted content. Cuts between pieces may fall anywhere.
  void convert(std::string_view content, std::string& out);
  /// Call once, at the end.
  void finish(std::string& out);

 private:
  bool after_cr_ = false;
};

/// Quotes lines as mboxrd does: one ">" more before every line of ">"s and "From ". Lines end in LF. One object quotes
/// one message. Not thread-safe.
class MboxQuoting {
 public:
  /// Appends the quoted content. Cuts between pieces may fall anywhere. Memory does not grow with lines of ">".
  void quote(std::string_view content, std::string& out);
  /// Ends the last line where the message did not. Call once, at the end.
  void finish(std::string& out);

 private:
  void take(char octet, std::string& out);
  void release(std::string& out);

  std::size_t brackets_ = 0;  ///< Of this line, held back.
  std::size_t matched_ = 0;   ///< Octets of "From " held back.
  bool deciding_ = true;      ///< At the start of a line.
  bool line_empty_ = true;
};

}  // namespace fermo::fetch
