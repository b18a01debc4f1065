#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

/// Replies of RFC 5321 §4.2 with the enhanced status codes of RFC 2034, one constant for each thing this server can
/// say.
namespace fermo::smtp {

/// One reply. Its texts are literals, or outlive it.
struct Reply {
  std::uint16_t code;
  std::string_view status;  ///< RFC 3463 §2; empty for the greeting, LHLO and 3yz, which carry none (RFC 2034 §4).
  std::string_view text;

  /// 4yz or 5yz.
  constexpr bool refuses() const { return code >= 400; }
  friend constexpr bool operator==(const Reply&, const Reply&) = default;
};

/// `reply` as it goes to the peer, with its CRLF. `subject` stands before the text: the recipient a reply to mail data
/// is about.
std::string reply_line(const Reply& reply, std::string_view subject = {});

/// A reply of several lines (RFC 5321 §4.2.1), the status code on each of them (RFC 2034 §3).
std::string multi_line_reply(const Reply& first_line, std::initializer_list<std::string_view> further_lines);

namespace replies {

inline constexpr Reply goodbye{221, "2.0.0", "closing"};
inline constexpr Reply done{250, "2.0.0", "OK"};
inline constexpr Reply sender_good{250, "2.1.0", "sender OK"};
inline constexpr Reply recipient_good{250, "2.1.5", "recipient OK"};
inline constexpr Reply chunk_taken{250, "2.0.0", "chunk received"};
inline constexpr Reply delivered{250, "2.0.0", "delivered"};
/// RFC 5321 §3.5.3: an address that is not verified, but for which mail may be tried.
inline constexpr Reply not_verified{252, "2.0.0", "send some mail and see"};
inline constexpr Reply help{214, "2.0.0", "LHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT (RFC 2033)"};
inline constexpr Reply start_mail_input{354, "", "send the mail data, end with a line of \".\" alone"};

inline constexpr Reply timed_out{421, "4.4.2", "nothing heard for too long, closing"};
inline constexpr Reply shutting_down{421, "4.3.2", "the server is shutting down, closing"};
inline constexpr Reply too_many_errors{421, "4.7.0", "too many errors, closing"};
inline constexpr Reply endless_line{421, "4.7.0", "a command line without an end, closing"};
inline constexpr Reply lost_in_chunks{421, "4.7.0", "where the chunk ends is not known, closing"};

/// RFC 5321 §4.5.3.1.10.
inline constexpr Reply too_many_recipients{452, "4.5.3", "too many recipients, send the others in another transaction"};

inline constexpr Reply unknown_command{500, "5.5.1", "command not known"};
/// RFC 2033 §4.1: HELO and EHLO must not be answered with a good reply here.
inline constexpr Reply this_is_lmtp{500, "5.5.1", "this is LMTP, say LHLO"};
inline constexpr Reply line_too_long{500, "5.5.2", "line too long"};
/// RFC 5321 §2.3.8: lines end in CRLF and in nothing else.
inline constexpr Reply bare_lf_line_end{500, "5.5.2", "the line does not end in CRLF"};
inline constexpr Reply control_character{500, "5.5.2", "control character in the line"};

inline constexpr Reply no_argument_expected{501, "5.5.4", "this command takes no argument"};
inline constexpr Reply argument_expected{501, "5.5.4", "this command needs an argument"};
inline constexpr Reply bad_client_name{501, "5.5.4", "a domain or an address literal is wanted"};
inline constexpr Reply bad_mail_syntax{501, "5.5.4", "MAIL FROM:<path> [parameters] is wanted"};
inline constexpr Reply bad_rcpt_syntax{501, "5.5.4", "RCPT TO:<path> is wanted"};
inline constexpr Reply bad_sender{501, "5.1.7", "that is no reverse-path"};
inline constexpr Reply bad_recipient{501, "5.1.3", "that is no forward-path"};
inline constexpr Reply bad_parameter{501, "5.5.4", "parameter malformed"};
inline constexpr Reply repeated_parameter{501, "5.5.4", "parameter given twice"};
inline constexpr Reply bad_chunk_octets{501, "5.5.4", "BDAT octets [LAST] is wanted"};
/// RFC 5321 §4.1.1.11.
inline constexpr Reply parameter_not_offered{555, "5.5.4", "parameter not offered"};

inline constexpr Reply lhlo_first{503, "5.5.1", "say LHLO first"};
inline constexpr Reply mail_first{503, "5.5.1", "say MAIL first"};
/// RFC 2033 §4.2: without a good RCPT there is no recipient to reply for.
inline constexpr Reply recipient_first{503, "5.5.1", "no valid recipients"};
inline constexpr Reply nested_mail{503, "5.5.1", "a transaction is open already"};
/// RFC 3030 §2: DATA and BDAT cannot be used in the same transaction.
inline constexpr Reply bdat_or_rset{503, "5.5.1", "BDAT has begun, say BDAT or RSET"};

inline constexpr Reply unknown_recipient{550, "5.1.1", "no such user here"};
/// SMTP smuggling: whoever repairs such line ends and whoever does not disagree on where a message ends.
inline constexpr Reply bare_line_end{550, "5.6.11", "bare CR or LF in the mail data"};
/// RFC 1870 §6.1 and §6.2.
inline constexpr Reply too_large{552, "5.3.4", "message larger than SIZE allows"};
/// RFC 6531 §3.5.
inline constexpr Reply not_ascii{553, "5.6.7", "address is not ASCII and SMTPUTF8 was not asked for"};

}  // namespace replies
}  // namespace fermo::smtp
