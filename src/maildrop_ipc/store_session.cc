#include "maildrop_ipc/store_session.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/failure.h"
#include "base/limits.h"

namespace fermo::maildrop_ipc {
namespace {

/// The error of the store, as the other side will see it.
reply::Failed failed(const error_code& error) {
  if (error.category() == make_error_code(maildrop::Error::unknown).category()) {
    return {static_cast<maildrop::Error>(error.value())};
  }
  if (error == Failure::unknown) return {maildrop::Error::unknown};
  if (error == Failure::temporary) return {maildrop::Error::unavailable};
  return {maildrop::Error::unsupported};
}

std::size_t held_octets(const maildrop::Recipient& recipient) {
  return sizeof(recipient) + recipient.drop.text().size() + recipient.trace_fields.size();
}

}  // namespace

std::optional<Reply> StoreSession::answer(const Request& request) {
  if (std::holds_alternative<request::Hello>(request) == greeted_) return std::nullopt;
  return std::visit([this](const auto& asked) { return obey(asked); }, request);
}

StoreSession::Answer StoreSession::obey(const request::Hello& hello) {
  if (hello.version != protocol_version) return reply::Failed{maildrop::Error::unsupported};
  greeted_ = true;
  return reply::Done{};
}

// --- A delivery ------------------------------------------------------------------------------------------------------

StoreSession::Answer StoreSession::obey(const request::BeginDelivery&) {
  if (!is_free()) return std::nullopt;
  // It may keep a piece until that is full.
  if (!held_.add(limits::message_piece_octets_max)) return reply::Failed{maildrop::Error::unavailable};
  auto delivery = store_.begin_delivery();
  if (!delivery) {
    held_.clear();
    return failed(delivery.error());
  }
  delivery_ = std::move(*delivery);
  return reply::Done{};
}

StoreSession::Answer StoreSession::obey(const request::Append& append) {
  if (!delivery_) return std::nullopt;
  if (const auto appended = delivery_->append(append.piece); !appended) {
    delivery_.reset();
    delivery_over_ = true;
    held_.clear();
    return failed(appended.error());
  }
  appended_octets_ += append.piece.size();
  return reply::Done{};
}

StoreSession::Answer StoreSession::obey(const request::AddRecipients& add) {
  if (!delivery_ || add.recipients.size() > limits::store_ipc_recipients_max - recipients_.size()) return std::nullopt;
  std::size_t octets = 0;
  for (const maildrop::Recipient& recipient : add.recipients) octets += held_octets(recipient);
  if (!held_.add(octets)) return reply::Failed{maildrop::Error::unavailable};
  recipients_.insert(recipients_.end(), add.recipients.begin(), add.recipients.end());
  return reply::Done{};
}

StoreSession::Answer StoreSession::obey(const request::Finish& finish) {
  if (!delivery_) return std::nullopt;
  const auto delivery = std::exchange(delivery_, nullptr);
  delivery_over_ = true;
  const auto recipients = std::exchange(recipients_, {});
  if (finish.summary.wire_octets.value != appended_octets_) return reply::Failed{maildrop::Error::corrupt};
  auto unique_ids = delivery->finish(finish.summary, recipients, finish.received_at);
  held_.clear();
  if (!unique_ids) return failed(unique_ids.error());
  return reply::Delivered{std::move(*unique_ids)};
}

// --- A snapshot ------------------------------------------------------------------------------------------------------

StoreSession::Answer StoreSession::obey(const request::Open& open) {
  if (!is_free()) return std::nullopt;
  // It may have been granted to a store that was started anew since.
  if (grants_ != nullptr && !grants_->take(open.drop, Grants::Clock::now())) {
    return reply::Failed{maildrop::Error::unavailable};
  }
  auto snapshot = store_.open(open.drop);
  if (!snapshot) return failed(snapshot.error());
  snapshot_ = std::move(*snapshot);
  return reply::Opened{snapshot_->drop_listing()};
}

StoreSession::Answer StoreSession::obey(const request::GetScanListings& get) {
  if (!snapshot_) return std::nullopt;
  auto listings = snapshot_->scan_listings(get.first, get.count);
  if (!listings) return failed(listings.error());
  return reply::ScanListings{std::move(*listings)};
}

StoreSession::Answer StoreSession::obey(const request::Read& read) {
  if (!snapshot_) return std::nullopt;
  if (cursors_.size() >= limits::store_ipc_cursors_max) return reply::Failed{maildrop::Error::unavailable};
  auto cursor = snapshot_->read(read.number);
  if (!cursor) return failed(cursor.error());
  Reading reading{std::move(*cursor), 0};
  reply::Reading reply{0, reading.cursor->summary(), {}, false};
  const auto ended = next_piece(reading, reply.piece);
  if (!ended) return failed(ended.error());
  reply.ended = *ended;
  if (reply.ended) {
    read_following(read.number, read.following_max, reply);
    return reply;
  }
  // 2^32 reads later the numbers begin again; a connection that holds one cursor for so long loses nothing but itself.
  reply.cursor = ++last_cursor_;
  if (!cursors_.try_emplace(reply.cursor, std::move(reading)).second) return std::nullopt;
  return reply;
}

/// Puts the next piece of the message into `piece`, and with it all that is left when that fits. Whether it was the
/// last one: whoever reads need not ask once more to learn it.
Result<bool> StoreSession::next_piece(Reading& reading, std::string& piece) {
  const std::uint64_t octets = reading.cursor->summary().wire_octets.value;
  const auto corrupt = [] {
    return Result<bool>(boost::system::in_place_error, make_error_code(maildrop::Error::corrupt));
  };
  std::string next;
  do {
    const auto more = reading.cursor->next(next);
    if (!more) return more;
    if (!*more && reading.given_octets != octets) return corrupt();
    if (!*more) return {boost::system::in_place_value, true};
    reading.given_octets += next.size();
    if (reading.given_octets > octets) return corrupt();
    if (piece.empty()) {
      piece.swap(next);  // without a copy, which is all there is of most messages
    } else {
      piece += next;
    }
  } while (octets - reading.given_octets <= limits::message_piece_octets_max - piece.size());
  return {boost::system::in_place_value, false};
}

/// Small messages that are whole and sound, as many as fit. The first that is not is left to be asked for.
void StoreSession::read_following(MessageNumber number, std::size_t count_max, reply::Reading& reply) {
  while (reply.following.size() < count_max && number.value() < snapshot_->drop_listing().messages) {
    number = MessageNumber::at_index(number.index() + 1);
    auto cursor = snapshot_->read(number);
    if (!cursor) return;
    const auto summary = (*cursor)->summary();
    if (summary.wire_octets.value > limits::message_piece_octets_max - reply.piece.size()) return;
    Reading reading{std::move(*cursor), 0};
    std::string message;
    if (const auto ended = next_piece(reading, message); !ended || !*ended) return;
    reply.piece += message;
    reply.following.push_back(summary);
  }
}

StoreSession::Answer StoreSession::obey(const request::NextPiece& next) {
  const auto cursor = cursors_.find(next.cursor);
  if (cursor == cursors_.end()) return std::nullopt;
  reply::Piece piece{{}, false};
  const auto ended = next_piece(cursor->second, piece.octets);
  if (!ended) return failed(ended.error());
  piece.ended = *ended;
  if (piece.ended) cursors_.erase(cursor);
  return piece;
}

StoreSession::Answer StoreSession::obey(const request::CloseCursor& close) {
  if (cursors_.erase(close.cursor) == 0) return std::nullopt;
  return reply::Done{};
}

StoreSession::Answer StoreSession::obey(const request::MarkDeletions& mark) {
  if (!snapshot_) return std::nullopt;
  // More numbers than messages: one of them at least cannot exist. This is what bounds the memory.
  if (mark.numbers.size() > snapshot_->drop_listing().messages - marked_.size()) {
    marked_.clear();
    return reply::Failed{maildrop::Error::no_such_message};
  }
  marked_.insert(marked_.end(), mark.numbers.begin(), mark.numbers.end());
  return reply::Done{};
}

StoreSession::Answer StoreSession::obey(const request::CommitDeletions&) {
  if (!snapshot_) return std::nullopt;
  const auto marked = std::exchange(marked_, {});
  const auto committed = snapshot_->commit_deletions(marked);
  if (!committed) return failed(committed.error());
  return reply::Done{};
}

// --- The store itself ------------------------------------------------------------------------------------------------

StoreSession::Answer StoreSession::obey(const request::ListDrops& list) {
  if (!may_manage()) return std::nullopt;
  auto drops = store_.list_drops(list.after, list.count);
  if (!drops) return failed(drops.error());
  return reply::Drops{std::move(*drops)};
}

StoreSession::Answer StoreSession::obey(const request::ListImported& list) {
  if (!may_manage()) return std::nullopt;
  auto unique_ids = store_.list_imported(list.drop, list.after, list.count);
  if (!unique_ids) return failed(unique_ids.error());
  return reply::Imported{std::move(*unique_ids)};
}

StoreSession::Answer StoreSession::obey(const request::Recount& recount) {
  if (!may_manage()) return std::nullopt;
  const auto listing = store_.recount(recount.drop);
  if (!listing) return failed(listing.error());
  return reply::Counted{*listing};
}

StoreSession::Answer StoreSession::obey(const request::Sweep&) {
  if (!may_manage()) return std::nullopt;
  const auto report = store_.sweep();
  if (!report) return failed(report.error());
  return reply::Swept{*report};
}

StoreSession::Answer StoreSession::obey(const request::TakeCheckpoint&) {
  if (!may_manage()) return std::nullopt;
  if (checkpoints_ == nullptr) return reply::Failed{maildrop::Error::unsupported};
  auto taken = checkpoints_->take_checkpoint();
  if (!taken) return failed(taken.error());
  checkpoint_ = std::move(*taken);
  return reply::CheckpointTaken{checkpoint_->name()};
}

}  // namespace fermo::maildrop_ipc
