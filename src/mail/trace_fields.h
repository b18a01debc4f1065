#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "mail/address.h"
#include "mail/unique_id.h"

namespace fermo::mail {

/// What the trace fields of one delivery tell.
struct Trace {
  std::optional<Address> reverse_path;  ///< Nothing: the null reverse-path, <>.
  Address recipient;                    ///< The forward-path as it was given in RCPT.
  std::string helo;                     ///< The client's name for itself (LHLO/EHLO); may be empty.
  std::string peer;      ///< Its address as the socket knows it; may be empty (unix socket, local input).
  std::string by;        ///< This host's name.
  std::string protocol;  ///< The "with" keyword of RFC 3848 / RFC 6531 §4.3: LMTP, LMTPS, UTF8LMTP, …
  std::string id;        ///< Of the session and transaction, as the log shows it.
  Timestamp received_at;
};

/// Return-Path (RFC 5321 §4.4), Delivered-To and Received for one recipient, in wire form, at most
/// `limits::trace_fields_octets_max` octets. Whatever a peer chose is cleaned: no control character, no line break and
/// no comment can come out of it.
std::string trace_fields(const Trace& trace);

}  // namespace fermo::mail
