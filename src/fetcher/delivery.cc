#include "fetcher/delivery.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "fetch/message_key.h"
#include "fetch/sha256.h"
#include "fetcher/delivery_name.h"

namespace fermo::fetcher {

using fetch::Decision;
using fetch::Removal;
using fetch::Retrieval;
namespace change = fetch::change;

namespace {

/// Towards the end batches become smaller, since the last deletions wait for the last of them; but a commit costs as
/// much as some 25 messages.
constexpr std::size_t smallest_batch_messages = 16;

}  // namespace

Delivery::Delivery(fetch::Target& target, fetch::Ledger& ledger, std::string account, std::size_t batch_messages_max,
                   const Clock& clock)
    : target_(target),
      ledger_(ledger),
      account_(std::move(account)),
      batch_messages_max_(batch_messages_max),
      clock_(clock) {}

std::string Delivery::name_of(const Decision& decision) const {
  return delivery_name(account_, decision.key, decision.octets, decision.generation,
                       decision.retrieval == Retrieval::whole);
}

Delivery::Settled Delivery::perform(std::vector<Event> events, std::size_t to_come) {
  settled_ = {};
  Result<void> done;
  for (Event& event : events) {
    if (failed_) break;
    done = std::visit([this](auto& one) { return take(one); }, event);
    if (done && batch_is_full()) done = commit();
    if (!done) give_up(done.error());
    event = Cut{};  // frees what it held
  }
  if (!failed_ && (to_come == 0 || batch_is_half_of_the_rest(to_come))) {
    if (done = commit(); !done) give_up(done.error());
  }
  return std::exchange(settled_, {});
}

/// What has ended before may still be saved, unless that is what failed: a second try would be told that all is well
/// with what the disk has lost.
void Delivery::give_up(const error_code& failure) {
  if (!settled_.failure) {
    settled_.failure = failure;
    settled_.explanation = target_.explanation();
  }
  if (current_) target_.abandon();
  current_.reset();
  spool_.reset();
  if (failed_) return;
  failed_ = true;
  if (!commit_failed_) static_cast<void>(commit());
}

Result<void> Delivery::take(Begun& event) {
  FERMO_CHECK(!current_);
  current_.emplace(event.index, std::move(event.decision));
  if (!current_->decision.key.empty()) return begin_in_target(current_->decision.octets);
  auto spool = Spool::make();
  if (!spool) return spool.error();
  spool_.emplace(std::move(*spool));
  return {};
}

Result<void> Delivery::begin_in_target(Octets octets) {
  current_->name = name_of(current_->decision);
  const bool whole = current_->decision.retrieval == Retrieval::whole;
  const fetch::Incoming incoming{current_->name, octets, whole};
  return target_.begin(incoming);
}

Result<void> Delivery::take(Content& event) {
  if (!current_) return {};
  current_->octets += Octets{event.octets.size()};
  current_->head.append(event.octets);
  return spool_ ? spool_->add(event.octets) : target_.append(event.octets);
}

Result<void> Delivery::take(Ended&) {
  if (!current_) return {};
  return spool_ ? tell_by_content() : end_in_target();
}

Result<void> Delivery::take(Cut&) {
  if (current_ && !spool_) target_.abandon();
  current_.reset();
  spool_.reset();
  return {};
}

Result<void> Delivery::end_in_target() {
  unsettled_ = true;  // some targets hand a message on at once
  const Result<void> ended = target_.end();
  if (!ended && ended.error() != fetch::Error::refused && ended.error() != fetch::Error::deferred) return ended;
  if (ended) {
    if (ended_.empty()) batch_begun_ = std::chrono::steady_clock::now();
    ended_octets_ += current_->octets;
    ended_.push_back(std::move(*current_));
    current_.reset();
    return {};
  }
  unsettled_ = !ended_.empty();
  const Pending refused = std::move(*current_);
  current_.reset();
  settled_.not_taken.push_back({refused.index, ended.error(), target_.explanation()});
  if (ended.error() != fetch::Error::refused || fetch::is_key_of_content(refused.decision.key)) return {};
  return record({change::Refused{refused.decision.key}});
}

/// A message that came under no name gets one from its content; one that is known by it is not delivered again.
Result<void> Delivery::tell_by_content() {
  if (auto flushed = spool_->flush(); !flushed) return flushed;
  fetch::Sha256 hash;
  for (std::uint64_t at = 0;;) {
    const auto piece = spool_->read(at, limits::message_piece_octets_max);
    if (!piece) return piece.error();
    if (piece->empty()) break;
    hash.update(*piece);
    at += piece->size();
  }
  Decision& decision = current_->decision;
  decision.key = fetch::key_of_content(hash.hexadecimal(64));
  decision.octets = current_->octets;
  settled_.identified.emplace_back(current_->index, decision.key);
  const auto known = ledger_.find(decision.key);
  if (!known) return known.error();
  const bool delivered = *known && !(*known)->gone && (*known)->standing == fetch::Standing::whole;
  if (!delivered) {
    if (*known && (*known)->gone) decision.generation = (*known)->generation + 1;
    if (*known && !(*known)->gone) decision.generation = (*known)->generation;
    return deliver_spooled();
  }
  const Pending pending = std::move(*current_);
  current_.reset();
  spool_.reset();
  if (pending.decision.removal == Removal::once_delivered) {
    if (auto recorded = record({change::DeletionAsked{pending.decision.key, clock_.now()}}); !recorded) return recorded;
  }
  settled_.known_already.push_back(pending.index);
  return {};
}

Result<void> Delivery::deliver_spooled() {
  Spool spool = std::move(*spool_);
  spool_.reset();
  if (auto begun = begin_in_target(current_->octets); !begun) return begun;
  for (std::uint64_t at = 0;;) {
    const auto piece = spool.read(at, limits::message_piece_octets_max);
    if (!piece) return piece.error();
    if (piece->empty()) return end_in_target();
    if (auto appended = target_.append(*piece); !appended) return appended;
    at += piece->size();
  }
}

bool Delivery::batch_is_full() const {
  if (current_ || ended_.empty()) return false;
  return ended_.size() >= batch_messages_max_ || ended_octets_.value >= limits::delivery_batch_octets ||
         std::chrono::steady_clock::now() - batch_begun_ >= limits::delivery_batch_time;
}

bool Delivery::batch_is_half_of_the_rest(std::size_t to_come) const {
  return !current_ && ended_.size() >= std::max(to_come, smallest_batch_messages);
}

Result<void> Delivery::commit() {
  if (ended_.empty()) return {};
  auto done = commit_and_record();
  commit_failed_ = !done;
  return done;
}

Result<void> Delivery::commit_and_record() {
  if (auto committed = target_.commit(); !committed) return committed;
  std::vector<fetch::Change> changes;
  const Timestamp now = clock_.now();
  for (Pending& pending : ended_) add_changes(pending, changes, now);
  if (auto recorded = record(changes); !recorded) return recorded;
  for (const Pending& pending : ended_) settled_.delivered.push_back(pending.index);
  ended_.clear();
  ended_octets_ = {};
  unsettled_ = false;
  return {};
}

void Delivery::add_changes(Pending& pending, std::vector<fetch::Change>& changes, Timestamp now) const {
  const Decision& decision = pending.decision;
  if (fetch::is_key_of_content(decision.key)) {
    if (decision.generation > 0) changes.emplace_back(change::Forgotten{decision.key});
    changes.emplace_back(change::Seen{decision.key, decision.octets, now, 0, decision.generation});
    changes.emplace_back(change::Reasoned{decision.key, decision.reason});
  }
  const bool whole = decision.retrieval == Retrieval::whole;
  changes.emplace_back(change::Delivered{decision.key, now, pending.name, whole, pending.head.finish()});
  if (decision.removal == Removal::once_delivered) changes.emplace_back(change::DeletionAsked{decision.key, now});
}

Result<void> Delivery::record(const std::vector<fetch::Change>& changes) {
  auto applied = ledger_.apply(changes);
  if (!applied) settled_.failure_of_ledger = true;
  return applied;
}

Result<std::vector<std::size_t>> Delivery::find_delivered(const std::vector<Decision>& decisions,
                                                          const std::vector<std::size_t>& wanted) {
  std::vector<std::size_t> found;
  for (const std::size_t index : wanted) {
    // Asked also where only the content will tell the key: a target gets ready to know again what it has.
    const auto presence = target_.find(name_of(decisions[index]));
    if (!presence) return presence.error();
    if (*presence == fetch::Presence::present) found.push_back(index);
  }
  return found;
}

std::vector<fetch::Change> Delivery::changes_of_found(const std::vector<Decision>& decisions,
                                                      const std::vector<std::size_t>& found) const {
  std::vector<fetch::Change> changes;
  const Timestamp now = clock_.now();
  for (const std::size_t index : found) {
    const Decision& decision = decisions[index];
    const bool whole = decision.retrieval == Retrieval::whole;
    changes.emplace_back(change::Delivered{decision.key, now, name_of(decision), whole, std::nullopt});
    if (decision.removal == Removal::once_delivered) changes.emplace_back(change::DeletionAsked{decision.key, now});
  }
  return changes;
}

}  // namespace fermo::fetcher
