#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/limits.h"
#include "base/wire_fields.h"
#include "maildrop_ipc/wire.h"

/// How the values that requests and replies share are written and read. For wire_request.cc and wire_reply.cc only.
namespace fermo::maildrop_ipc {

inline void put(FieldWriter& out, MessageNumber number) {
  out.number(number.value());
}

inline std::optional<MessageNumber> get_message_number(FieldReader& in) {
  return MessageNumber::from(in.number<std::uint64_t>());
}

inline void put(FieldWriter& out, const mail::WireSummary& summary) {
  out.number(summary.octets.value);
  out.number(summary.wire_octets.value);
  out.number(summary.header_wire_octets.value);
}

inline mail::WireSummary get_wire_summary(FieldReader& in) {
  mail::WireSummary summary;
  summary.octets.value = in.number<std::uint64_t>();
  summary.wire_octets.value = in.number<std::uint64_t>();
  summary.header_wire_octets.value = in.number<std::uint64_t>();
  if (summary.octets > summary.wire_octets || summary.header_wire_octets > summary.wire_octets) in.fail();
  return summary;
}

inline void put(FieldWriter& out, const mail::DropListing& listing) {
  out.number(listing.messages);
  out.number(listing.octets.value);
}

inline mail::DropListing get_drop_listing(FieldReader& in) {
  mail::DropListing listing;
  listing.messages = in.number<std::uint64_t>();
  listing.octets.value = in.number<std::uint64_t>();
  return listing;
}

inline std::optional<DropId> get_drop(FieldReader& in) {
  return DropId::from(in.octets(limits::drop_id_octets_max));
}

inline std::optional<mail::UniqueId> get_unique_id(FieldReader& in) {
  return mail::UniqueId::from(in.octets(limits::unique_id_octets_max));
}

inline void put(FieldWriter& out, const maildrop::Recipient& recipient) {
  FERMO_CHECK(recipient.trace_fields.size() <= limits::trace_fields_octets_max);
  out.octets(recipient.drop.text());
  out.octets(recipient.trace_fields);
  out.octets(recipient.unique_id ? recipient.unique_id->text() : std::string_view());
}

inline std::optional<maildrop::Recipient> get_recipient(FieldReader& in) {
  auto drop = get_drop(in);
  std::string trace_fields(in.octets(limits::trace_fields_octets_max));
  const std::string_view unique_id_text = in.octets(limits::unique_id_octets_max);
  auto unique_id = mail::UniqueId::from(unique_id_text);
  if (!drop || (!unique_id && !unique_id_text.empty())) return std::nullopt;
  return maildrop::Recipient{std::move(*drop), std::move(trace_fields), std::move(unique_id)};
}

inline std::optional<mail::ScanListing> get_scan_listing(FieldReader& in) {
  auto unique_id = get_unique_id(in);
  const Octets octets{in.number<std::uint64_t>()};
  if (!unique_id) return std::nullopt;
  return mail::ScanListing{std::move(*unique_id), octets};
}

inline std::optional<maildrop::DropSummary> get_drop_summary(FieldReader& in) {
  auto drop = get_drop(in);
  const auto listing = get_drop_listing(in);
  if (!drop) return std::nullopt;
  return maildrop::DropSummary{std::move(*drop), listing};
}

/// A count of at most `count_max`, then as many of what `get_one` takes. Stops at the first that is not right, so that
/// a wrong count costs nothing.
template <class T>
std::vector<T> get_list(FieldReader& in, std::size_t count_max, std::optional<T> (*get_one)(FieldReader&)) {
  std::vector<T> list;
  for (std::size_t left = in.count(count_max); left > 0 && !in.failed(); --left) {
    if (auto one = get_one(in); one && !in.failed()) {
      list.push_back(std::move(*one));
    } else {
      in.fail();
    }
  }
  return list;
}

template <class T>
void put_count(FieldWriter& out, const std::vector<T>& list, std::size_t count_max) {
  FERMO_CHECK(list.size() <= count_max);
  out.number(static_cast<std::uint32_t>(list.size()));
}

inline std::string get_octets(FieldReader& in, std::size_t octets_max) {
  return std::string(in.octets(octets_max));
}

/// `piece`: the octets of a message that this one carries, or null.
template <class Message>
Encoded encode_any(const Message& message, void (*put_message)(FieldWriter&, const Message&),
                   const std::string* piece) {
  FieldWriter out;
  put_message(out, message);
  Encoded encoded{out.take(), piece != nullptr ? std::string_view(*piece) : std::string_view()};
  FERMO_CHECK(encoded.head.size() + encoded.rest.size() <= limits::store_ipc_frame_octets_max);
  return encoded;
}

template <class Message>
std::optional<Message> decode_any(std::string_view head, std::optional<Message> (*get_message)(FieldReader&)) {
  FieldReader in(head);
  auto message = get_message(in);
  if (!in.whole()) return std::nullopt;
  return message;
}

/// Puts what came beside the head where it belongs. False when there is more of it than may be.
inline bool take_piece(std::string* piece, std::string rest) {
  if (piece == nullptr) return rest.empty();
  *piece = std::move(rest);
  return piece->size() <= limits::message_piece_octets_max;
}

}  // namespace fermo::maildrop_ipc
