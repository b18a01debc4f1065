#pragma once

#include <string>
#include <string_view>

#include "mail/listing.h"

/// Replies as they stand on the wire (RFC 1939 §3, RFC 2449 §8). Texts are our own and never repeat what a client sent.
namespace fermo::pop3 {

/// Ends every multi-line reply.
inline constexpr std::string_view end_of_lines = ".\r\n";

/// "+OK", with a text unless it is empty. The text may hold no line end and may not look like a response code.
std::string ok(std::string_view text = {});

/// "-ERR" with a text.
std::string err(std::string_view text);

/// "-ERR" with an extended response code (RFC 2449 §8), given without its brackets; none when it is empty.
std::string err(std::string_view response_code, std::string_view text);

/// "2 messages (320 octets)".
std::string counted(mail::DropListing listing);

/// "+ " and nothing more: the empty challenge of RFC 5034 §4. Its space must be there.
std::string empty_challenge();

}  // namespace fermo::pop3
