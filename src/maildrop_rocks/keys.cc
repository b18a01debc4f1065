#include "maildrop_rocks/keys.h"

namespace fermo::rocks {
namespace {

template <class Number>
void append_number(std::string& out, Number number) {
  for (unsigned shift = 8 * sizeof(Number); shift > 0; shift -= 8) out += static_cast<char>(number >> (shift - 8));
}

template <class Number>
std::optional<Number> take_number(std::string_view& in) {
  if (in.size() < sizeof(Number)) return std::nullopt;
  Number number = 0;
  for (const char octet : in.substr(0, sizeof(Number))) number = (number << 8) | static_cast<unsigned char>(octet);
  in.remove_prefix(sizeof(Number));
  return number;
}

}  // namespace

void append_u32(std::string& out, std::uint32_t number) {
  append_number(out, number);
}
void append_u64(std::string& out, std::uint64_t number) {
  append_number(out, number);
}
std::optional<std::uint32_t> take_u32(std::string_view& in) {
  return take_number<std::uint32_t>(in);
}
std::optional<std::uint64_t> take_u64(std::string_view& in) {
  return take_number<std::uint64_t>(in);
}

void append_arrival(std::string& out, const mail::ArrivalId& arrival) {
  append_u64(out, arrival.microseconds);
  append_u32(out, arrival.discriminator);
}

std::optional<mail::ArrivalId> take_arrival(std::string_view& in) {
  if (in.size() < arrival_key_octets) return std::nullopt;
  const auto microseconds = *take_u64(in);
  const auto discriminator = *take_u32(in);
  return mail::ArrivalId{microseconds, discriminator};
}

std::string arrival_key(const mail::ArrivalId& arrival) {
  std::string key;
  append_arrival(key, arrival);
  return key;
}

std::string drop_prefix(DropNumber drop) {
  std::string key;
  append_u64(key, drop);
  return key;
}

std::string index_key(DropNumber drop, const mail::ArrivalId& arrival) {
  std::string key = drop_prefix(drop);
  append_arrival(key, arrival);
  return key;
}

std::optional<mail::ArrivalId> arrival_of(std::string_view index_key) {
  if (index_key.size() != index_key_octets) return std::nullopt;
  index_key.remove_prefix(index_key_octets - arrival_key_octets);
  return take_arrival(index_key);
}

std::string chunk_key(const BodyId& body, std::uint32_t chunk) {
  std::string key = arrival_key(body);
  append_u32(key, chunk);
  return key;
}

std::string reference_key(const BodyId& body, DropNumber drop, const mail::ArrivalId& arrival) {
  return arrival_key(body) + index_key(drop, arrival);
}

std::string foreign_key(DropNumber drop, const mail::UniqueId& unique_id) {
  return drop_prefix(drop) + unique_id.text();
}

std::string after_prefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

}  // namespace fermo::rocks
