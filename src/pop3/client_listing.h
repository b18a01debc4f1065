#pragma once

#include <optional>
#include <string_view>

#include "mail/listing.h"
#include "pop3/client_session.h"

/// Reading the numbers in replies: leading zeros and what follows are tolerated, and a number that does not fit comes
/// out as the largest that does.
namespace fermo::pop3::client {

/// "2 320", the answer to STAT (RFC 1939 §5).
std::optional<mail::DropListing> parse_drop_listing(std::string_view text);

/// "1 120", a scan listing (RFC 1939 §5).
std::optional<ScanListings::Entry> parse_scan_listing(std::string_view text);

/// "1 whqtswO00WBw418f9t5JxYwZ" (RFC 1939 §7). All that follows the message-number, spaces inside too, is the
/// unique-id; it is left empty when it is longer than limits::remote_unique_id_octets_max: cut, it could equal another.
std::optional<UniqueIds::Entry> parse_unique_id(std::string_view text);

/// The number before the word "octets" in what RETR was answered with, if there is one.
std::optional<Octets> announced_octets(std::string_view text);

/// How many lines a listing may have after this answer to STAT.
std::uint64_t listing_lines_max(const std::optional<mail::DropListing>& stat);

}  // namespace fermo::pop3::client
