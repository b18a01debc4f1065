#include "maildrop_rocks/delivery.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/limits.h"
#include "maildrop/error.h"

namespace fermo::rocks {
namespace {

using maildrop::Error;
using maildrop::Recipient;

/// Adds one delivery's rows to a batch.
class Addition {
 public:
  Addition(OpenStore& store, Batch& batch, mail::ArrivalIdSource& arrivals)
      : store_(store), batch_(batch), arrivals_(arrivals) {}

  /// Finds or makes the drops, then holds those where a unique-id must be looked up.
  Result<void> prepare(std::span<const Recipient> recipients) {
    std::vector<std::uint64_t> to_lock;
    std::map<DropId, DropNumber> found;
    for (const Recipient& recipient : recipients) {
      auto at = found.find(recipient.drop);
      if (at == found.end()) {
        const auto number = store_.drop_number(recipient.drop);
        if (number.has_error()) return number.error();
        at = found.emplace(recipient.drop, *number).first;
      }
      drops_.push_back(at->second);
      if (recipient.unique_id) to_lock.push_back(at->second);
    }
    locks_ = store_.lock_drops(std::move(to_lock));
    for (std::size_t n = 0; n < recipients.size(); ++n) {
      if (!recipients[n].unique_id) continue;
      if (const auto fresh = check_fresh(drops_[n], *recipients[n].unique_id); fresh.has_error()) return fresh;
    }
    return {};
  }

  std::vector<mail::UniqueId> add(IndexRecord body, std::span<const Recipient> recipients) {
    std::vector<mail::UniqueId> unique_ids;
    body.shared = recipients.size() > 1;
    for (std::size_t n = 0; n < recipients.size(); ++n) unique_ids.push_back(add_one(body, drops_[n], recipients[n]));
    for (const auto& [drop, change] : changes_) batch_.merge(Table::drops, drop.text(), encode(drop.text(), change));
    note_arrival(batch_, last_arrival_);
    return unique_ids;
  }

 private:
  Result<void> check_fresh(DropNumber drop, const mail::UniqueId& unique_id) {
    if (!brought_.emplace(drop, unique_id).second) return Error::duplicate;
    const auto known = store_.engine().get(Table::foreign, foreign_key(drop, unique_id));
    if (known.has_error()) return known.error();
    if (*known) return Error::duplicate;
    const auto own = mail::ArrivalId::from(unique_id.text());
    if (!own) return {};
    const auto held = store_.engine().get(Table::index, index_key(drop, *own));
    if (held.has_error()) return held.error();
    if (*held) return Error::duplicate;
    return {};
  }

  mail::UniqueId add_one(IndexRecord record, DropNumber drop, const Recipient& recipient) {
    const mail::ArrivalId arrival = arrivals_.next();
    const std::string key = index_key(drop, arrival);
    const Octets trace{recipient.trace_fields.size()};
    record.summary.octets += trace;
    record.summary.wire_octets += trace;
    record.summary.header_wire_octets += trace;
    record.trace_octets = static_cast<std::uint32_t>(trace.value);
    record.foreign = recipient.unique_id;
    batch_.put(Table::index, key, encode(key, record));
    if (trace.value > 0) batch_.put(Table::heads, key, sealed(key, recipient.trace_fields));
    if (record.shared) batch_.put(Table::references, reference_key(record.body, drop, arrival), "");
    if (record.foreign) batch_.put(Table::foreign, foreign_key(drop, *record.foreign), arrival_key(arrival));
    DropChange& change = changes_[recipient.drop];
    change.messages += 1;
    change.octets += static_cast<std::int64_t>(record.summary.octets.value);
    last_arrival_ = arrival;
    return recipient.unique_id.value_or(arrival.unique_id());
  }

  OpenStore& store_;
  Batch& batch_;
  mail::ArrivalIdSource& arrivals_;
  std::vector<DropNumber> drops_;
  std::set<std::pair<DropNumber, mail::UniqueId>> brought_;
  std::map<DropId, DropChange> changes_;
  mail::ArrivalId last_arrival_;
  StripedMutexes::Locks locks_;
};

}  // namespace

RocksDelivery::~RocksDelivery() {
  if (!pending_) return;
  const auto store = store_.lock();
  if (!store) return;
  // What cannot be removed now, sweep() finds by its marker.
  if (!keep_) static_cast<void>(store->remove_unfinished(body_));
  store->end_body(body_);
}

Result<void> RocksDelivery::append(std::string_view wire) {
  if (over_) return *over_;
  octets_ += wire.size();
  while (!wire.empty()) {
    const std::size_t room = limits::message_piece_octets_max - buffer_.size();
    buffer_ += wire.substr(0, room);
    wire.remove_prefix(std::min(room, wire.size()));
    if (buffer_.size() < limits::message_piece_octets_max) break;
    const auto store = store_.lock();
    const Result<void> written = store ? write_chunk(*store) : Error::unavailable;
    if (written.has_error()) {
      over_ = written.error();
      return written;
    }
  }
  return {};
}

Result<void> RocksDelivery::write_chunk(OpenStore& store) {
  if (auto room = store.engine().room_for_mail(); room.has_error()) return room;
  Batch batch(store.engine());
  if (!pending_) {
    pending_ = true;
    store.begin_body(body_);
    batch.put(Table::pending, arrival_key(body_), "");
    note_arrival(batch, body_);
  }
  add_chunk(batch, buffer_);
  buffer_.clear();
  return store.engine().write(batch, Engine::Durability::with_the_next_synced);
}

void RocksDelivery::add_chunk(Batch& batch, std::string_view chunk) {
  const std::string key = chunk_key(body_, chunks_++);
  batch.put(Table::bodies, key, sealed(key, chunk));
}

Result<std::vector<mail::UniqueId>> RocksDelivery::finish(const mail::WireSummary& summary,
                                                          std::span<const Recipient> recipients,
                                                          Timestamp received_at) {
  const auto too_long = [](const Recipient& recipient) {
    return recipient.trace_fields.size() > limits::trace_fields_octets_max;
  };
  if (over_) return *over_;
  over_ = Error::unavailable;
  if (summary.wire_octets.value != octets_) return Error::corrupt;
  if (std::ranges::any_of(recipients, too_long)) return Error::unsupported;
  if (recipients.empty()) return std::vector<mail::UniqueId>();
  const auto store = store_.lock();
  if (!store) return Error::unavailable;

  Batch batch(store->engine());
  Addition addition(*store, batch, arrivals_);
  if (const auto prepared = addition.prepare(recipients); prepared.has_error()) return prepared.error();
  if (!buffer_.empty()) add_chunk(batch, buffer_);
  if (pending_) batch.erase(Table::pending, arrival_key(body_));
  IndexRecord record;
  record.body = body_;
  record.chunks = chunks_;
  record.summary = summary;
  record.received_at = received_at;
  auto unique_ids = addition.add(std::move(record), recipients);
  // Also after a failure: the log may hold the batch, and then it must not be without its chunks.
  keep_ = true;
  const auto written = store->engine().write(batch, Engine::Durability::synced);
  if (written.has_error()) return written.error();
  return unique_ids;
}

}  // namespace fermo::rocks
