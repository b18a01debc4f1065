#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "mail/listing.h"
#include "mail/unique_id.h"
#include "mail/wire_message.h"

/// The store interface. Small and blocking: every call may wait for a disk or for another process, so it belongs in a
/// blocking pool. Arguments and results are plain values in bounded pieces; nothing keeps a pointer to an argument, nothing
/// calls back. That is what lets the same interface stand for another process (maildrop_ipc) or another machine.
namespace fermo::maildrop {

/// Who gets a message, and what goes before it for this recipient alone.
struct Recipient {
  DropId drop;
  /// Whole header fields in wire form, at most `limits::trace_fields_octets_max`; may be empty. Counted in the octets.
  std::string trace_fields;
  /// For an imported message, the unique-id it has had; otherwise the store makes a new one.
  std::optional<mail::UniqueId> unique_id;
};

/// One message on its way in. Destroyed before `finish` has succeeded, it leaves nothing behind that anybody can see.
/// Used by one thread at a time.
class Delivery {
 public:
  virtual ~Delivery() = default;

  /// Takes the next piece of the message in wire form, at most `limits::message_piece_octets_max` octets.
  /// Errors: out_of_space, unavailable; then the delivery is over.
  virtual Result<void> append(std::string_view wire) = 0;

  /// Makes the message visible in the maildrop of every recipient, or of none. On success it is durable, and the unique-ids
  /// are in the order of `recipients`. Call once. A maildrop comes into being with its first message. The same drop may be named
  /// twice and then gets two messages.
  /// Errors: out_of_space, unavailable, duplicate (an imported unique-id that the drop holds or held), unknown: it may or may
  /// not have become visible.
  virtual Result<std::vector<mail::UniqueId>> finish(const mail::WireSummary& summary,
                                                     std::span<const Recipient> recipients, Timestamp received_at) = 0;
};

/// Reads one message. Used by one thread at a time.
class Cursor {
 public:
  virtual ~Cursor() = default;

  /// Of the message as this recipient gets it: trace fields and body together.
  virtual const mail::WireSummary& summary() const = 0;

  /// Puts the next 1 to `limits::message_piece_octets_max` octets in wire form into `piece`, replacing what it held. False at
  /// the end, and only when every octet has been given and every checksum has held.
  /// Errors: corrupt, unavailable. After an error what was given so far must not be passed off as the message.
  virtual Result<bool> next(std::string& piece) = 0;
};

/// A maildrop as it stood when it was opened: message-numbers, octets and unique-ids stay, and a message that another session
/// deletes stays readable here, until this object is destroyed. Used by one thread at a time.
class Snapshot {
 public:
  virtual ~Snapshot() = default;

  /// Answered from counters, without a look at any message.
  virtual mail::DropListing drop_listing() const = 0;

  /// The scan listings of up to `count` messages (at most `limits::scan_listings_at_once_max`) from `first` on, by arrival;
  /// fewer only at the end. The first call may load the listing. Errors: unavailable, corrupt.
  virtual Result<std::vector<mail::ScanListing>> scan_listings(MessageNumber first, std::size_t count) = 0;

  /// Errors: no_such_message, corrupt, unavailable.
  virtual Result<std::unique_ptr<Cursor>> read(MessageNumber number) = 0;

  /// Deletes these messages, all or none; on success it is durable. Messages that another session has deleted already, and
  /// repetitions, count as done. What was deleted stays readable through this snapshot. Errors: no_such_message (nothing is
  /// done), out_of_space, unavailable, unknown.
  virtual Result<void> commit_deletions(std::span<const MessageNumber> numbers) = 0;
};

/// One maildrop in a list of all.
struct DropSummary {
  DropId drop;
  mail::DropListing listing;
};

/// What a sweep found and put right.
struct SweepReport {
  std::uint64_t bodies_removed = 0;  ///< Bodies that no message refers to (a delivery that was cut off).
};

/// A store of maildrops. Thread-safe; must outlive the deliveries and snapshots it gave out.
class Store {
 public:
  virtual ~Store() = default;

  /// Errors: unavailable, out_of_space.
  virtual Result<std::unique_ptr<Delivery>> begin_delivery() = 0;

  /// A drop that never had a message opens empty. Several sessions may have one drop open. Errors: unavailable, corrupt.
  virtual Result<std::unique_ptr<Snapshot>> open(const DropId& drop) = 0;

  /// Up to `count` maildrops whose ids come after `after`, in the order of ids; `count` is at most
  /// `limits::scan_listings_at_once_max`. Drops that have become empty may be left out.
  virtual Result<std::vector<DropSummary>> list_drops(const std::optional<DropId>& after, std::size_t count) = 0;

  /// Up to `count` of the unique-ids that were brought along by messages of this drop (Recipient::unique_id), deleted ones
  /// too, which come after `after`, in their order; `count` is at most `limits::scan_listings_at_once_max`. A delivery
  /// under one of these would be refused as a duplicate. Errors: unavailable, corrupt.
  virtual Result<std::vector<mail::UniqueId>> list_imported(const DropId& drop,
                                                            const std::optional<mail::UniqueId>& after,
                                                            std::size_t count) = 0;

  /// Counts the messages themselves, slowly, to be held against drop_listing().
  virtual Result<mail::DropListing> recount(const DropId& drop) = 0;

  /// Reclaims what no message refers to any more. Safe at any time.
  virtual Result<SweepReport> sweep() = 0;
};

}  // namespace fermo::maildrop
