#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "mail/listing.h"
#include "mail/unique_id.h"
#include "mail/wire_message.h"
#include "maildrop/error.h"
#include "maildrop/maildrop.h"

/// What is said on the store socket. A connection is a strict alternation of one request and one reply, each in a
/// frame: a head, whose first octet is the kind, and the octets of a message where there are any, which are passed on
/// without a copy. A connection serves one delivery, one snapshot (with its cursors), one checkpoint or calls on the
/// store itself, so that closing it ends all it held. Both sides decode what they get as input from a stranger. Nothing
/// here touches a socket.
namespace fermo::maildrop_ipc {

/// Changes whenever a payload changes its meaning; both sides must have the same.
inline constexpr std::uint32_t protocol_version = 6;

/// Names a cursor within its connection.
using CursorId = std::uint32_t;

namespace request {

/// Must come first, and only there. Reply: Done, or Failed(unsupported) for another version.
struct Hello {
  std::uint32_t version = protocol_version;
};
/// Reply: Done.
struct BeginDelivery {};
/// 1 to `limits::message_piece_octets_max` octets. Reply: Done.
struct Append {
  std::string piece;
};
/// 1 to `limits::store_ipc_recipients_at_once_max` of the recipients of the delivery that is under way. Reply: Done.
struct AddRecipients {
  std::vector<maildrop::Recipient> recipients;
};
/// To all recipients added so far. Reply: Delivered.
struct Finish {
  mail::WireSummary summary;
  Timestamp received_at;
};
/// Reply: Opened.
struct Open {
  DropId drop;
};
/// Reply: ScanListings.
struct GetScanListings {
  MessageNumber first;
  std::size_t count;
};
/// Reply: Reading, with up to `following_max` messages that come after this one, at most
/// `limits::store_ipc_following_max`: whoever reads one message after the other waits for few replies.
struct Read {
  MessageNumber number;
  std::size_t following_max = 0;
};
/// Reply: Piece.
struct NextPiece {
  CursorId cursor;
};
/// Reply: Done.
struct CloseCursor {
  CursorId cursor;
};
/// 1 to `limits::store_ipc_deletions_at_once_max` of the messages to delete. Reply: Done; after Failed none is marked.
struct MarkDeletions {
  std::vector<MessageNumber> numbers;
};
/// Of everything marked so far. Reply: Done.
struct CommitDeletions {};
/// Reply: Drops.
struct ListDrops {
  std::optional<DropId> after;
  std::size_t count;
};
/// Reply: Imported.
struct ListImported {
  DropId drop;
  std::optional<mail::UniqueId> after;
  std::size_t count;
};
/// Reply: Counted.
struct Recount {
  DropId drop;
};
/// Reply: Swept.
struct Sweep {};
/// Reply: CheckpointTaken. It lasts as long as the connection, which serves nothing else from then on.
struct TakeCheckpoint {};

}  // namespace request

using Request =
    std::variant<request::Hello, request::BeginDelivery, request::Append, request::AddRecipients, request::Finish,
                 request::Open, request::GetScanListings, request::Read, request::NextPiece, request::CloseCursor,
                 request::MarkDeletions, request::CommitDeletions, request::ListDrops, request::ListImported,
                 request::Recount, request::Sweep, request::TakeCheckpoint>;

namespace reply {

struct Done {};
/// The answer to any request.
struct Failed {
  maildrop::Error error;
};
struct Delivered {
  std::vector<mail::UniqueId> unique_ids;
};
struct Opened {
  mail::DropListing listing;
};
struct ScanListings {
  std::vector<mail::ScanListing> listings;
};
/// With the first piece, so that a small message takes one request.
struct Reading {
  CursorId cursor;
  mail::WireSummary summary;
  std::string piece;  ///< And after it the whole messages of `following`, `limits::message_piece_octets_max` together.
  bool ended;         ///< It is the whole message, every checksum has held, and there is no cursor.
  std::vector<mail::WireSummary> following = {};  ///< Only when it is; of these too every checksum has held.
};
struct Piece {
  std::string octets;
  bool ended;  ///< It is the last one, every checksum has held, and the cursor is closed.
};
struct Drops {
  std::vector<maildrop::DropSummary> drops;
};
struct Imported {
  std::vector<mail::UniqueId> unique_ids;
};
struct Counted {
  mail::DropListing listing;
};
struct Swept {
  maildrop::SweepReport report;
};
struct CheckpointTaken {
  std::string name;  ///< Of one folder in another: neither empty, nor a path, nor a name with a point first.
};

}  // namespace reply

using Reply =
    std::variant<reply::Done, reply::Failed, reply::Delivered, reply::Opened, reply::ScanListings, reply::Reading,
                 reply::Piece, reply::Drops, reply::Imported, reply::Counted, reply::Swept, reply::CheckpointTaken>;

/// The two parts of a frame, together never longer than `limits::store_ipc_frame_octets_max`. `rest` is the piece that
/// the request or reply holds, and ends with it.
struct Encoded {
  std::string head;
  std::string_view rest;
  friend bool operator==(const Encoded&, const Encoded&) = default;
};
Encoded encode(const Request& request);
Encoded encode(const Reply& reply);

/// Nothing when the two parts of a frame are not exactly one request (reply) within the limits that stand beside it.
std::optional<Request> decode_request(std::string_view head, std::string rest = {});
std::optional<Reply> decode_reply(std::string_view head, std::string rest = {});

}  // namespace fermo::maildrop_ipc
