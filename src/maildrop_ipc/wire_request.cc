#include <utility>

#include "maildrop_ipc/wire.h"
#include "maildrop_ipc/wire_values.h"

namespace fermo::maildrop_ipc {
namespace {

using maildrop_ipc::put;  // those of wire_values.h beside those of here

// The numbers on the wire: never changed and never used again for something else.
enum class RequestKind : std::uint8_t {
  hello = 1,
  begin_delivery = 2,
  append = 3,
  add_recipients = 4,
  finish = 5,
  open = 6,
  get_scan_listings = 7,
  read = 8,
  next_piece = 9,
  close_cursor = 10,
  mark_deletions = 11,
  commit_deletions = 12,
  list_drops = 13,
  recount = 14,
  sweep = 15,
  list_imported = 16,
  take_checkpoint = 17,
};

void put(FieldWriter& out, RequestKind kind) {
  out.number(static_cast<std::uint8_t>(kind));
}

void put(FieldWriter& out, const request::Hello& hello) {
  put(out, RequestKind::hello);
  out.number(hello.version);
}
void put(FieldWriter& out, const request::BeginDelivery&) {
  put(out, RequestKind::begin_delivery);
}
void put(FieldWriter& out, const request::Append&) {
  put(out, RequestKind::append);
}
void put(FieldWriter& out, const request::AddRecipients& add) {
  put(out, RequestKind::add_recipients);
  put_count(out, add.recipients, limits::store_ipc_recipients_at_once_max);
  for (const auto& recipient : add.recipients) put(out, recipient);
}
void put(FieldWriter& out, const request::Finish& finish) {
  put(out, RequestKind::finish);
  put(out, finish.summary);
  out.number(static_cast<std::uint64_t>(finish.received_at.time_since_epoch().count()));
}
void put(FieldWriter& out, const request::Open& open) {
  put(out, RequestKind::open);
  out.octets(open.drop.text());
}
void put(FieldWriter& out, const request::GetScanListings& get) {
  put(out, RequestKind::get_scan_listings);
  put(out, get.first);
  out.number(static_cast<std::uint32_t>(get.count));
}
void put(FieldWriter& out, const request::Read& read) {
  put(out, RequestKind::read);
  put(out, read.number);
  out.number(static_cast<std::uint32_t>(read.following_max));
}
void put(FieldWriter& out, const request::NextPiece& next) {
  put(out, RequestKind::next_piece);
  out.number(next.cursor);
}
void put(FieldWriter& out, const request::CloseCursor& close) {
  put(out, RequestKind::close_cursor);
  out.number(close.cursor);
}
void put(FieldWriter& out, const request::MarkDeletions& mark) {
  put(out, RequestKind::mark_deletions);
  put_count(out, mark.numbers, limits::store_ipc_deletions_at_once_max);
  for (const auto number : mark.numbers) put(out, number);
}
void put(FieldWriter& out, const request::CommitDeletions&) {
  put(out, RequestKind::commit_deletions);
}
void put(FieldWriter& out, const request::ListDrops& list) {
  put(out, RequestKind::list_drops);
  out.octets(list.after ? list.after->text() : std::string_view());
  out.number(static_cast<std::uint32_t>(list.count));
}
void put(FieldWriter& out, const request::ListImported& list) {
  put(out, RequestKind::list_imported);
  out.octets(list.drop.text());
  out.octets(list.after ? list.after->text() : std::string_view());
  out.number(static_cast<std::uint32_t>(list.count));
}
void put(FieldWriter& out, const request::Recount& recount) {
  put(out, RequestKind::recount);
  out.octets(recount.drop.text());
}
void put(FieldWriter& out, const request::Sweep&) {
  put(out, RequestKind::sweep);
}
void put(FieldWriter& out, const request::TakeCheckpoint&) {
  put(out, RequestKind::take_checkpoint);
}

std::optional<Request> get_add_recipients(FieldReader& in) {
  auto recipients = get_list(in, limits::store_ipc_recipients_at_once_max, get_recipient);
  if (recipients.empty()) return std::nullopt;
  return request::AddRecipients{std::move(recipients)};
}

std::optional<Request> get_finish(FieldReader& in) {
  const auto summary = get_wire_summary(in);
  const auto microseconds = static_cast<std::int64_t>(in.number<std::uint64_t>());
  return request::Finish{summary, Timestamp(std::chrono::microseconds(microseconds))};
}

std::optional<Request> get_open(FieldReader& in) {
  auto drop = get_drop(in);
  if (!drop) return std::nullopt;
  return request::Open{std::move(*drop)};
}

std::optional<Request> get_get_scan_listings(FieldReader& in) {
  const auto first = get_message_number(in);
  const auto count = in.count(limits::scan_listings_at_once_max);
  if (!first) return std::nullopt;
  return request::GetScanListings{*first, count};
}

std::optional<Request> get_read(FieldReader& in) {
  const auto number = get_message_number(in);
  const auto following_max = in.count(limits::store_ipc_following_max);
  if (!number) return std::nullopt;
  return request::Read{*number, following_max};
}

std::optional<Request> get_mark_deletions(FieldReader& in) {
  auto numbers = get_list(in, limits::store_ipc_deletions_at_once_max, get_message_number);
  if (numbers.empty()) return std::nullopt;
  return request::MarkDeletions{std::move(numbers)};
}

std::optional<Request> get_list_drops(FieldReader& in) {
  const auto text = in.octets(limits::drop_id_octets_max);
  auto after = DropId::from(text);
  const auto count = in.count(limits::scan_listings_at_once_max);
  if (!after && !text.empty()) return std::nullopt;
  return request::ListDrops{std::move(after), count};
}

std::optional<Request> get_list_imported(FieldReader& in) {
  auto drop = get_drop(in);
  const auto text = in.octets(limits::unique_id_octets_max);
  auto after = mail::UniqueId::from(text);
  const auto count = in.count(limits::scan_listings_at_once_max);
  if (!drop || (!after && !text.empty())) return std::nullopt;
  return request::ListImported{std::move(*drop), std::move(after), count};
}

std::optional<Request> get_recount(FieldReader& in) {
  auto drop = get_drop(in);
  if (!drop) return std::nullopt;
  return request::Recount{std::move(*drop)};
}

std::optional<Request> get_request(FieldReader& in) {
  switch (static_cast<RequestKind>(in.number<std::uint8_t>())) {
    case RequestKind::hello:
      return request::Hello{in.number<std::uint32_t>()};
    case RequestKind::begin_delivery:
      return request::BeginDelivery{};
    case RequestKind::append:
      return request::Append{};
    case RequestKind::add_recipients:
      return get_add_recipients(in);
    case RequestKind::finish:
      return get_finish(in);
    case RequestKind::open:
      return get_open(in);
    case RequestKind::get_scan_listings:
      return get_get_scan_listings(in);
    case RequestKind::read:
      return get_read(in);
    case RequestKind::next_piece:
      return request::NextPiece{in.number<CursorId>()};
    case RequestKind::close_cursor:
      return request::CloseCursor{in.number<CursorId>()};
    case RequestKind::mark_deletions:
      return get_mark_deletions(in);
    case RequestKind::commit_deletions:
      return request::CommitDeletions{};
    case RequestKind::list_drops:
      return get_list_drops(in);
    case RequestKind::list_imported:
      return get_list_imported(in);
    case RequestKind::recount:
      return get_recount(in);
    case RequestKind::sweep:
      return request::Sweep{};
    case RequestKind::take_checkpoint:
      return request::TakeCheckpoint{};
  }
  return std::nullopt;
}

void put_request(FieldWriter& out, const Request& request) {
  std::visit([&out](const auto& alternative) { put(out, alternative); }, request);
}

/// The octets of a message that `request`, const or not, carries.
template <class AnyRequest>
auto* piece_of(AnyRequest& request) {
  auto* const append = std::get_if<request::Append>(&request);
  return append != nullptr ? &append->piece : nullptr;
}

}  // namespace

Encoded encode(const Request& request) {
  return encode_any(request, put_request, piece_of(request));
}

std::optional<Request> decode_request(std::string_view head, std::string rest) {
  auto request = decode_any(head, get_request);
  if (!request || !take_piece(piece_of(*request), std::move(rest))) return std::nullopt;
  if (const auto* const append = std::get_if<request::Append>(&*request); append != nullptr && append->piece.empty()) {
    return std::nullopt;
  }
  return request;
}

}  // namespace fermo::maildrop_ipc
