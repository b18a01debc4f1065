#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "maildrop_rocks/keys.h"
#include "maildrop_rocks/records.h"

/// What a damaged disk may hand back in the place of a record. The input: one octet, the key of an index record, then a
/// value. Where the octet is odd the value gets the checksum that belongs to it, as if it had been written so.
namespace {

using namespace fermo;
using namespace fermo::rocks;

/// There is one way to write what was read, and that is what was there.
void check_drop(std::string_view key, std::string_view value) {
  const auto drop = decode_drop(key, value);
  if (!drop) return;
  FERMO_CHECK(encode(key, *drop) == value);
  const auto emptied = merged_drop(key, value, encode(key, DropChange{-1, -1}));
  FERMO_CHECK(emptied.has_value());
  const auto after = decode_drop(key, *emptied);
  const bool had_some = drop->listing.messages > 0 && drop->listing.octets.value > 0;
  FERMO_CHECK(after.has_value() == had_some);  // a count below nothing is damage
}

void check_index(std::string_view key, std::string_view value) {
  const auto record = decode_index(key, value);
  if (record) FERMO_CHECK(encode(key, *record) == value);
}

void check_log_mark(std::string_view value) {
  const auto mark = decode_log_mark(value);
  if (mark) FERMO_CHECK(encode_log_mark(*mark) == value);
}

void check_value(std::string_view key, std::string_view value) {
  check_drop(key, value);
  check_index(key, value);
  const auto merged = merged_drop(key, value, value);
  if (merged) FERMO_CHECK(unsealed(key, *merged).has_value());
}

/// What is made of a drop and an arrival sorts within what begins with the drop, and gives the arrival back.
void check_keys(std::string_view key) {
  const auto arrival = arrival_of(key);
  FERMO_CHECK(arrival.has_value() == (key.size() == index_key_octets));
  if (!arrival) return;
  const DropNumber drop = *take_u64(key);
  const std::string index = index_key(drop, *arrival);
  FERMO_CHECK(arrival_of(index) == arrival && index == drop_prefix(drop) + arrival_key(*arrival));
  const std::string after = after_prefix(drop_prefix(drop));
  FERMO_CHECK(after.empty() ? drop == ~DropNumber{0} : index < after);
  FERMO_CHECK(chunk_key(*arrival, 7) < chunk_key(*arrival, 8));
  FERMO_CHECK(
      reference_key(*arrival, drop, *arrival).starts_with(chunk_key(*arrival, 0).substr(0, arrival_key_octets)));
  const auto unique_id = mail::UniqueId::from("foreign");
  FERMO_CHECK(foreign_key(drop, *unique_id).starts_with(drop_prefix(drop)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view key = input.substr(0, std::min(input.size(), index_key_octets));
  const std::string_view value = input.substr(key.size());
  check_keys(key);
  const bool sound = data[0] % 2 == 1;
  check_value(key, sound ? sealed(key, value) : std::string(value));
  check_log_mark(sound ? sealed(log_mark_key, value) : std::string(value));
  return 0;
}
