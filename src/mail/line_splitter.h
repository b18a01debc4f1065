#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace fermo::mail {

/// Cuts a stream of octets into command lines, holding at most one line in memory. Not thread-safe.
class LineSplitter {
 public:
  /// A whole line without its line end. `text` lives until the next call of any member.
  struct Line {
    std::string_view text;
    bool ended_by_bare_lf;  ///< LF without CR: tolerated in POP3 commands, refused in LMTP.
  };
  /// A line longer than the limit has ended; its octets are gone.
  struct TooLong {};
  /// No whole line is there.
  struct NeedMore {};
  using Outcome = std::variant<Line, TooLong, NeedMore>;

  /// `line_octets_max` counts without the line end; it may be changed between lines (a SASL response is longer).
  explicit LineSplitter(std::size_t line_octets_max) : line_octets_max_(line_octets_max) {}
  ~LineSplitter() { clear(); }
  LineSplitter(const LineSplitter&) = delete;
  LineSplitter& operator=(const LineSplitter&) = delete;

  void set_line_octets_max(std::size_t line_octets_max) { line_octets_max_ = line_octets_max; }

  /// Appends what arrived. The driver reads only when next() said NeedMore, so no more than one read is ever buffered.
  void receive(std::string_view octets);
  Outcome next();

  /// Octets received and not yet given out as a line: anything here at STLS is an injection.
  bool empty() const;
  /// What is buffered and not given out, left where it is: mail data ends somewhere inside it (DATA). The view lives
  /// until the next call of any other member.
  std::string_view peek() const { return std::string_view(buffer_).substr(begin_); }
  /// Takes out up to `octets_max` of what is buffered, without looking for line ends (BDAT, DATA). The view lives until
  /// the next call of any member.
  std::string_view take(std::size_t octets_max);
  /// Octets of the over-long line that is being dropped, so that an endless one can be ended.
  std::size_t dropped_octets() const { return dropped_; }
  /// Forgets and wipes everything (a line may have been a password).
  void clear();

 private:
  void make_room(std::size_t octets);
  Outcome next_kept();
  Outcome next_dropped();

  std::size_t line_octets_max_;
  std::string buffer_;
  std::size_t begin_ = 0;    ///< Where the first octet not given out stands.
  std::size_t scanned_ = 0;  ///< Octets from begin_ on that are known to hold no LF.
  std::size_t dropped_ = 0;
  bool dropping_ = false;
};

}  // namespace fermo::mail
