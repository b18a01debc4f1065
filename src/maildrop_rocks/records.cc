#include "maildrop_rocks/records.h"

#include <limits>

#include "base/crc32c.h"

namespace fermo::rocks {
namespace {

/// The first octet of a record says what it is; a new layout gets a new one.
enum class Kind : char { drop = 1, drop_change = 2, index = 3 };

constexpr std::uint32_t flag_shared = 1;
constexpr std::uint32_t flag_foreign = 2;
constexpr std::uint32_t flags_known = flag_shared | flag_foreign;
constexpr std::uint64_t count_max = std::numeric_limits<std::int64_t>::max();

std::string begin(Kind kind) {
  return std::string(1, static_cast<char>(kind));
}

/// The content after the octet for `kind`, when this is a record of that kind.
std::optional<std::string_view> content_of(Kind kind, std::string_view key, std::string_view value) {
  auto content = unsealed(key, value);
  if (!content || content->empty() || content->front() != static_cast<char>(kind)) return std::nullopt;
  content->remove_prefix(1);
  return content;
}

std::optional<DropChange> decode_change(std::string_view key, std::string_view value) {
  auto content = content_of(Kind::drop_change, key, value);
  if (!content || content->size() != 16) return std::nullopt;
  const auto messages = *take_u64(*content);
  const auto octets = *take_u64(*content);
  return DropChange{static_cast<std::int64_t>(messages), static_cast<std::int64_t>(octets)};
}

/// Unsigned, so that sums wrap around instead of being undefined; a count that became negative is refused on reading.
std::uint64_t plus(std::uint64_t count, std::int64_t change) {
  return count + static_cast<std::uint64_t>(change);
}

std::int64_t sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(plus(static_cast<std::uint64_t>(a), b));
}

}  // namespace

std::string sealed(std::string_view key, std::string_view content) {
  std::string value;
  value.reserve(content.size() + checksum_octets);
  value += content;
  append_u32(value, crc32c(content, crc32c(key)));
  return value;
}

std::optional<std::string_view> unsealed(std::string_view key, std::string_view value) {
  if (value.size() < checksum_octets) return std::nullopt;
  const std::string_view content = value.substr(0, value.size() - checksum_octets);
  std::string_view checksum = value.substr(content.size());
  if (take_u32(checksum) != crc32c(content, crc32c(key))) return std::nullopt;
  return content;
}

std::string encode_log_mark(LogMark mark) {
  std::string content;
  append_u64(content, mark);
  return sealed(log_mark_key, content);
}

std::optional<LogMark> decode_log_mark(std::string_view value) {
  auto content = unsealed(log_mark_key, value);
  if (!content || content->size() != sizeof(LogMark)) return std::nullopt;
  return take_u64(*content);
}

std::string encode(std::string_view key, const DropRecord& record) {
  std::string content = begin(Kind::drop);
  append_u64(content, record.number);
  append_u64(content, record.listing.messages);
  append_u64(content, record.listing.octets.value);
  return sealed(key, content);
}

std::string encode(std::string_view key, const DropChange& change) {
  std::string content = begin(Kind::drop_change);
  append_u64(content, static_cast<std::uint64_t>(change.messages));
  append_u64(content, static_cast<std::uint64_t>(change.octets));
  return sealed(key, content);
}

std::optional<DropRecord> decode_drop(std::string_view key, std::string_view value) {
  auto content = content_of(Kind::drop, key, value);
  if (!content || content->size() != 24) return std::nullopt;
  const auto number = *take_u64(*content);
  const auto messages = *take_u64(*content);
  const auto octets = *take_u64(*content);
  if (messages > count_max || octets > count_max) return std::nullopt;
  return DropRecord{number, {messages, Octets{octets}}};
}

std::optional<std::string> merged_drop(std::string_view key, std::string_view value, std::string_view change) {
  const auto added = decode_change(key, change);
  if (!added) return std::nullopt;
  if (auto record = decode_drop(key, value)) {
    record->listing.messages = plus(record->listing.messages, added->messages);
    record->listing.octets.value = plus(record->listing.octets.value, added->octets);
    return encode(key, *record);
  }
  const auto before = decode_change(key, value);
  if (!before) return std::nullopt;
  return encode(key, DropChange{sum(before->messages, added->messages), sum(before->octets, added->octets)});
}

std::string encode(std::string_view key, const IndexRecord& record) {
  std::string content = begin(Kind::index);
  append_u32(content, (record.shared ? flag_shared : 0) | (record.foreign ? flag_foreign : 0));
  append_arrival(content, record.body);
  append_u32(content, record.chunks);
  append_u64(content, record.summary.octets.value);
  append_u64(content, record.summary.wire_octets.value);
  append_u64(content, record.summary.header_wire_octets.value);
  append_u32(content, record.trace_octets);
  append_u64(content, static_cast<std::uint64_t>(record.received_at.time_since_epoch().count()));
  if (record.foreign) content += record.foreign->text();
  return sealed(key, content);
}

std::optional<IndexRecord> decode_index(std::string_view key, std::string_view value) {
  constexpr std::size_t fixed_octets = 4 + arrival_key_octets + 4 + 3 * 8 + 4 + 8;
  auto content = content_of(Kind::index, key, value);
  if (!content || content->size() < fixed_octets) return std::nullopt;
  IndexRecord record;
  const std::uint32_t flags = *take_u32(*content);
  record.shared = (flags & flag_shared) != 0;
  record.body = *take_arrival(*content);
  record.chunks = *take_u32(*content);
  record.summary.octets.value = *take_u64(*content);
  record.summary.wire_octets.value = *take_u64(*content);
  record.summary.header_wire_octets.value = *take_u64(*content);
  record.trace_octets = *take_u32(*content);
  record.received_at = Timestamp(std::chrono::microseconds(static_cast<std::int64_t>(*take_u64(*content))));
  if ((flags & flag_foreign) != 0) record.foreign = mail::UniqueId::from(*content);
  const bool foreign_fits = (flags & flag_foreign) != 0 ? record.foreign.has_value() : content->empty();
  if ((flags & ~flags_known) != 0 || !foreign_fits) return std::nullopt;
  if (record.trace_octets > record.summary.wire_octets.value) return std::nullopt;
  return record;
}

}  // namespace fermo::rocks
