#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "mail/listing.h"
#include "mail/wire_message.h"
#include "maildrop_rocks/attestation.h"
#include "maildrop_rocks/keys.h"

/// How values are written. Each ends in a checksum over its key and itself, so a value that is damaged, or stands under
/// another key than it was written to, is not read. Decoding takes any octets and gives nothing where they are not a
/// record.
namespace fermo::rocks {

inline constexpr std::size_t checksum_octets = 4;

/// `content` with its checksum.
std::string sealed(std::string_view key, std::string_view content);
/// The content, when the checksum holds.
std::optional<std::string_view> unsealed(std::string_view key, std::string_view value);

/// In `meta`: what the attestations of this store bear.
inline constexpr std::string_view log_mark_key = "log-mark";
std::string encode_log_mark(LogMark mark);
std::optional<LogMark> decode_log_mark(std::string_view value);

/// In `drops` under the drop's name.
struct DropRecord {
  DropNumber number = 0;
  mail::DropListing listing;
  friend bool operator==(const DropRecord&, const DropRecord&) = default;
};

/// What a delivery or a deletion adds to a drop's counters, without having read them.
struct DropChange {
  std::int64_t messages = 0;
  std::int64_t octets = 0;
  friend bool operator==(const DropChange&, const DropChange&) = default;
};

std::string encode(std::string_view key, const DropRecord& record);
std::string encode(std::string_view key, const DropChange& change);
std::optional<DropRecord> decode_drop(std::string_view key, std::string_view value);
/// What stands in `drops` after `change` has come to `value`; both may themselves be a change. Nothing when either
/// cannot be read.
std::optional<std::string> merged_drop(std::string_view key, std::string_view value, std::string_view change);

/// In `index` under drop and arrival: everything about a message but its octets.
struct IndexRecord {
  BodyId body;
  std::uint32_t chunks = 0;   ///< Of the body.
  bool shared = false;        ///< The body has other recipients too, and a row in `refs` for each.
  mail::WireSummary summary;  ///< As the recipient gets it, with the trace fields.
  std::uint32_t trace_octets = 0;
  Timestamp received_at;
  std::optional<mail::UniqueId> foreign;  ///< The unique-id of an imported message.
  friend bool operator==(const IndexRecord&, const IndexRecord&) = default;
};

std::string encode(std::string_view key, const IndexRecord& record);
std::optional<IndexRecord> decode_index(std::string_view key, std::string_view value);

}  // namespace fermo::rocks
