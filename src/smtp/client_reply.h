#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a server of SMTP or LMTP replies, and what it says that it can do.
namespace fermo::smtp::client {

/// One reply, its lines put together.
struct Reply {
  std::uint16_t code = 0;
  std::string status;  ///< RFC 2034: "5.1.1"; empty when there is none.
  std::string text;    ///< The server's words, cleaned (mail/shown_text.h), without the status.

  bool good() const { return code >= 200 && code < 300; }
  bool goes_on() const { return code >= 300 && code < 400; }
  /// 4yz: the same may work later (RFC 5321 §4.2.1).
  bool passing() const { return code >= 400 && code < 500; }
  /// "550 5.1.1 no such user", for a person.
  std::string words() const;
};

/// One line of a reply. RFC 5321 §4.2: a code, "-" before a line that is not the last, a text that may be missing.
struct ReplyLine {
  std::uint16_t code;
  bool last;
  std::string_view text;
};
/// Nothing when `line` is no line of a reply.
std::optional<ReplyLine> parse_reply_line(std::string_view line);

/// Takes the status code of RFC 3463 §2 off the front of `text`, if there is one that fits the class of `code`.
std::string take_status(std::uint16_t code, std::string_view& text);

/// The keywords of EHLO or LHLO (RFC 5321 §4.1.1.1), without regard to case; unknown ones are passed over.
struct Extensions {
  bool pipelining = false;
  bool starttls = false;
  bool eight_bit_mime = false;
  bool smtputf8 = false;
  bool chunking = false;
  bool binary_mime = false;
  bool size = false;
  std::vector<std::string> auth;  ///< Names of mechanisms, in upper case.

  void take_line(std::string_view line);
};

}  // namespace fermo::smtp::client
