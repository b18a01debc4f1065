#include "maildrop_rocks/attestation.h"

#include <algorithm>

#include "base/crc32c.h"
#include "maildrop_rocks/keys.h"

namespace fermo::rocks {
namespace {

constexpr std::string_view prefix = "synced:";
constexpr std::size_t marked_octets = prefix.size() + 8 + 8 + 4;
/// A checksum, a length and a type.
constexpr std::size_t record_header_octets = 7;

std::string beginning(LogMark mark) {
  std::string text(prefix);
  append_u64(text, mark);
  return text;
}

}  // namespace

std::string attestation(std::uint64_t sequence, LogMark mark) {
  std::string text = beginning(mark);
  append_u64(text, sequence);
  append_u32(text, crc32c(text));
  return text;
}

std::optional<std::uint64_t> attested_sequence(std::string_view attestation) {
  if (!attestation.starts_with(prefix)) return std::nullopt;
  std::string_view rest = attestation.substr(prefix.size());
  if (rest.size() == sizeof(std::uint64_t)) return take_u64(rest);
  if (attestation.size() != marked_octets) return std::nullopt;
  rest.remove_prefix(sizeof(LogMark));
  const auto sequence = take_u64(rest);
  if (take_u32(rest) != crc32c(attestation.substr(0, marked_octets - 4))) return std::nullopt;
  return sequence;
}

AttestationSearch::AttestationSearch(LogMark mark) : needle_(beginning(mark)) {}

void AttestationSearch::block(std::string_view octets) {
  // A record is only ever cut where a block ends: with the header between its parts left out, an attestation is whole.
  window_ += octets.substr(std::min(octets.size(), record_header_octets));
  const std::string_view window = window_;
  for (std::size_t at = window.find(needle_); at != std::string_view::npos; at = window.find(needle_, at + 1)) {
    if (window.size() - at < marked_octets) break;
    const auto sequence = attested_sequence(window.substr(at, marked_octets));
    if (sequence) attested_ = std::max(attested_, *sequence);
  }
  window_.erase(0, window_.size() - std::min(window_.size(), marked_octets - 1));
}

}  // namespace fermo::rocks
