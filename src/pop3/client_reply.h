#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"

/// Reading what servers reply: tolerant of case and of spaces, trusting nothing.
namespace fermo::pop3::client {

/// The extended response codes of RFC 2449 §8 and RFC 3206.
enum class ResponseCode {
  none,
  in_use,       ///< [IN-USE]: another session holds the maildrop.
  login_delay,  ///< [LOGIN-DELAY]: too soon after the last login.
  sys_temp,     ///< [SYS/TEMP]: try again later.
  sys_perm,     ///< [SYS/PERM]: somebody has to do something first.
  auth,         ///< [AUTH]: the credentials.
  expire,       ///< [EXPIRE…]: in no RFC; mail or password has expired.
  other,
};

/// The first line of a reply.
struct Reply {
  enum class Kind { ok, err, challenge };
  Kind kind;
  ResponseCode code = ResponseCode::none;  ///< Of -ERR.
  std::string_view
      text;  ///< What follows, the response code included, without the spaces at both ends. Of a challenge: base64.
};

/// Nothing when `line` is no reply. "+OK" and "-ERR" count in any case; a challenge is "+" and then a space or nothing
/// (RFC 5034 §4).
std::optional<Reply> parse_reply(std::string_view line);

/// Words of a server, fit for a terminal or a log: control characters, what is no UTF-8 and what turns the direction of
/// writing become "?"; cut at `octets_max`.
std::string cleaned(std::string_view text, std::size_t octets_max = limits::client_text_octets_max);

}  // namespace fermo::pop3::client
