#include <algorithm>
#include <cstdint>
#include <utility>

#include "maildrop_ipc/wire.h"
#include "maildrop_ipc/wire_values.h"

namespace fermo::maildrop_ipc {
namespace {

using maildrop_ipc::put;  // those of wire_values.h beside those of here

// The numbers on the wire: never changed and never used again for something else.
enum class ReplyKind : std::uint8_t {
  done = 1,
  failed = 2,
  delivered = 3,
  opened = 4,
  scan_listings = 5,
  reading = 6,
  piece = 7,
  drops = 8,
  counted = 9,
  swept = 10,
  imported = 11,
  checkpoint_taken = 12,
};

void put(FieldWriter& out, ReplyKind kind) {
  out.number(static_cast<std::uint8_t>(kind));
}

/// Nothing but 0 and 1: what can be decoded encodes to the same octets.
bool get_ended(FieldReader& in) {
  const auto ended = in.number<std::uint8_t>();
  if (ended > 1) in.fail();
  return ended == 1;
}

void put(FieldWriter& out, const reply::Done&) {
  put(out, ReplyKind::done);
}
void put(FieldWriter& out, const reply::Failed& failed) {
  put(out, ReplyKind::failed);
  out.number(static_cast<std::uint8_t>(failed.error));
}
void put(FieldWriter& out, const reply::Delivered& delivered) {
  put(out, ReplyKind::delivered);
  put_count(out, delivered.unique_ids, limits::store_ipc_recipients_max);
  for (const auto& unique_id : delivered.unique_ids) out.octets(unique_id.text());
}
void put(FieldWriter& out, const reply::Opened& opened) {
  put(out, ReplyKind::opened);
  put(out, opened.listing);
}
void put(FieldWriter& out, const reply::ScanListings& reply) {
  put(out, ReplyKind::scan_listings);
  put_count(out, reply.listings, limits::scan_listings_at_once_max);
  for (const auto& listing : reply.listings) {
    out.octets(listing.unique_id.text());
    out.number(listing.octets.value);
  }
}
void put(FieldWriter& out, const reply::Reading& reading) {
  put(out, ReplyKind::reading);
  out.number(reading.cursor);
  put(out, reading.summary);
  out.number(static_cast<std::uint8_t>(reading.ended));
  put_count(out, reading.following, limits::store_ipc_following_max);
  for (const auto& summary : reading.following) put(out, summary);
}
void put(FieldWriter& out, const reply::Piece& piece) {
  put(out, ReplyKind::piece);
  out.number(static_cast<std::uint8_t>(piece.ended));
}
void put(FieldWriter& out, const reply::Drops& reply) {
  put(out, ReplyKind::drops);
  put_count(out, reply.drops, limits::scan_listings_at_once_max);
  for (const auto& summary : reply.drops) {
    out.octets(summary.drop.text());
    put(out, summary.listing);
  }
}
void put(FieldWriter& out, const reply::Imported& imported) {
  put(out, ReplyKind::imported);
  put_count(out, imported.unique_ids, limits::scan_listings_at_once_max);
  for (const auto& unique_id : imported.unique_ids) out.octets(unique_id.text());
}
void put(FieldWriter& out, const reply::Counted& counted) {
  put(out, ReplyKind::counted);
  put(out, counted.listing);
}
void put(FieldWriter& out, const reply::Swept& swept) {
  put(out, ReplyKind::swept);
  out.number(swept.report.bodies_removed);
}
void put(FieldWriter& out, const reply::CheckpointTaken& taken) {
  put(out, ReplyKind::checkpoint_taken);
  out.octets(taken.name);
}

std::optional<maildrop::Error> error_from(std::uint8_t number) {
  const auto error = static_cast<maildrop::Error>(number);
  switch (error) {
    case maildrop::Error::unavailable:
    case maildrop::Error::out_of_space:
    case maildrop::Error::corrupt:
    case maildrop::Error::no_such_message:
    case maildrop::Error::duplicate:
    case maildrop::Error::unknown:
    case maildrop::Error::unsupported:
      return error;
  }
  return std::nullopt;
}

std::optional<Reply> get_failed(FieldReader& in) {
  const auto error = error_from(in.number<std::uint8_t>());
  if (!error) return std::nullopt;
  return reply::Failed{*error};
}

/// The other side puts it behind the path of a folder.
std::optional<Reply> get_checkpoint_taken(FieldReader& in) {
  auto name = get_octets(in, limits::checkpoint_name_octets_max);
  if (name.empty() || name.starts_with('.') || name.find_first_of(std::string_view("/\0", 2)) != name.npos) {
    return std::nullopt;
  }
  return reply::CheckpointTaken{std::move(name)};
}

std::optional<mail::WireSummary> get_following(FieldReader& in) {
  return get_wire_summary(in);
}

Reply get_reading(FieldReader& in) {
  const auto cursor = in.number<CursorId>();
  const auto summary = get_wire_summary(in);
  const bool ended = get_ended(in);
  return reply::Reading{cursor, summary, {}, ended, get_list(in, limits::store_ipc_following_max, get_following)};
}

/// Whether all that is announced together is there, and nothing else, so that each message can be cut from it.
bool holds_what_it_says(const reply::Reading& reading) {
  if (reading.following.empty()) return true;
  std::uint64_t left = reading.piece.size();
  const auto take = [&left](const mail::WireSummary& summary) {
    if (summary.wire_octets.value > left) return false;
    left -= summary.wire_octets.value;
    return true;
  };
  return reading.ended && take(reading.summary) && std::ranges::all_of(reading.following, take) && left == 0;
}

std::optional<Reply> get_reply(FieldReader& in) {
  switch (static_cast<ReplyKind>(in.number<std::uint8_t>())) {
    case ReplyKind::done:
      return reply::Done{};
    case ReplyKind::failed:
      return get_failed(in);
    case ReplyKind::delivered:
      return reply::Delivered{get_list(in, limits::store_ipc_recipients_max, get_unique_id)};
    case ReplyKind::opened:
      return reply::Opened{get_drop_listing(in)};
    case ReplyKind::scan_listings:
      return reply::ScanListings{get_list(in, limits::scan_listings_at_once_max, get_scan_listing)};
    case ReplyKind::reading:
      return get_reading(in);
    case ReplyKind::piece:
      return reply::Piece{{}, get_ended(in)};
    case ReplyKind::drops:
      return reply::Drops{get_list(in, limits::scan_listings_at_once_max, get_drop_summary)};
    case ReplyKind::imported:
      return reply::Imported{get_list(in, limits::scan_listings_at_once_max, get_unique_id)};
    case ReplyKind::counted:
      return reply::Counted{get_drop_listing(in)};
    case ReplyKind::swept:
      return reply::Swept{{in.number<std::uint64_t>()}};
    case ReplyKind::checkpoint_taken:
      return get_checkpoint_taken(in);
  }
  return std::nullopt;
}

void put_reply(FieldWriter& out, const Reply& reply) {
  std::visit([&out](const auto& alternative) { put(out, alternative); }, reply);
}

/// The octets of messages that `reply`, const or not, carries.
template <class AnyReply>
auto* piece_of(AnyReply& reply) {
  auto* const reading = std::get_if<reply::Reading>(&reply);
  if (reading != nullptr) return &reading->piece;
  auto* const piece = std::get_if<reply::Piece>(&reply);
  return piece != nullptr ? &piece->octets : nullptr;
}

}  // namespace

Encoded encode(const Reply& reply) {
  return encode_any(reply, put_reply, piece_of(reply));
}

std::optional<Reply> decode_reply(std::string_view head, std::string rest) {
  auto reply = decode_any(head, get_reply);
  if (!reply || !take_piece(piece_of(*reply), std::move(rest))) return std::nullopt;
  const auto* const reading = std::get_if<reply::Reading>(&*reply);
  if (reading != nullptr && !holds_what_it_says(*reading)) return std::nullopt;
  return reply;
}

}  // namespace fermo::maildrop_ipc
