#include "maildrop_rocks/rocks_maildrop.h"

#include <algorithm>
#include <stdexcept>

#include "base/check.h"
#include "base/limits.h"
#include "maildrop/error.h"
#include "maildrop_rocks/delivery.h"
#include "maildrop_rocks/internal.h"
#include "maildrop_rocks/scan.h"
#include "maildrop_rocks/session.h"
#include "maildrop_rocks/store_impl.h"

namespace fermo::rocks {

using maildrop::Error;

RocksMaildrop::Opened RocksMaildrop::open(Settings settings) {
  return Internal::open(std::move(settings), {});
}

RocksMaildrop::Opened Internal::open(Settings settings, Internal internal) {
  FERMO_CHECK(settings.clock != nullptr);
  EngineSettings engine{.path = settings.path,
                        .cache_octets = settings.cache_octets,
                        .write_buffer_octets = settings.write_buffer_octets,
                        .recover_up_to_damage = settings.recover_up_to_damage,
                        .free_octets_min = settings.free_octets_min,
                        .file_system = std::move(internal.file_system),
                        .synced = internal.synced,
                        .env = internal.env,
                        .health = std::make_shared<Health>(),
                        .log = settings.log};
  auto impl = RocksMaildrop::Impl::open(std::move(settings), std::move(engine));
  if (impl.has_error()) return impl.error();
  return std::unique_ptr<RocksMaildrop>(new RocksMaildrop(std::move(*impl)));
}

void Internal::flush(RocksMaildrop& store) {
  if (const auto open = store.impl_->current()) open->engine().flush();
}

void Internal::compact(RocksMaildrop& store) {
  if (const auto open = store.impl_->current()) open->engine().compact();
}

void Internal::begin_flush(RocksMaildrop& store) {
  if (const auto open = store.impl_->current()) open->engine().flush(false);
}

RocksMaildrop::RocksMaildrop(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RocksMaildrop::~RocksMaildrop() = default;

bool RocksMaildrop::writable() const {
  return !impl_->health().failure();
}

Result<std::unique_ptr<maildrop::Delivery>> RocksMaildrop::begin_delivery() {
  if (const auto failure = impl_->health().failure()) return *failure;
  const auto store = impl_->current();
  if (!store) return Error::unavailable;
  if (const auto room = store->engine().room_for_mail(); room.has_error()) return room.error();
  return std::make_unique<RocksDelivery>(store, impl_->arrivals());
}

Result<std::unique_ptr<maildrop::Snapshot>> RocksMaildrop::open(const DropId& drop) {
  const auto store = impl_->current();
  if (!store) return Error::unavailable;
  auto pin = std::make_shared<const Pin>(store);
  const auto record = store->find_drop(drop, pin->snapshot());
  if (record.has_error()) return record.error();
  return std::make_unique<RocksSnapshot>(std::move(pin), drop, *record);
}

Result<std::vector<maildrop::DropSummary>> RocksMaildrop::list_drops(const std::optional<DropId>& after,
                                                                     std::size_t count) {
  const auto store = impl_->current();
  if (!store) return Error::unavailable;
  const std::size_t wanted = std::min(count, limits::scan_listings_at_once_max);
  std::vector<maildrop::DropSummary> summaries;
  Scan drops(store->engine(), Table::drops, after ? after->text() + '\0' : "", "");
  while (summaries.size() < wanted && drops.next()) {
    const auto drop = DropId::from(drops.key());
    const auto record = decode_drop(drops.key(), drops.value());
    if (!drop || !record) return Error::corrupt;
    if (record->listing.messages > 0) summaries.push_back({*drop, record->listing});
  }
  if (const auto status = drops.status(); status.has_error()) return status.error();
  return summaries;
}

Result<std::vector<mail::UniqueId>> RocksMaildrop::list_imported(const DropId& drop,
                                                                 const std::optional<mail::UniqueId>& after,
                                                                 std::size_t count) {
  const auto store = impl_->current();
  if (!store) return Error::unavailable;
  const auto record = store->find_drop(drop);
  if (record.has_error()) return record.error();
  std::vector<mail::UniqueId> unique_ids;
  if (!*record) return unique_ids;
  const DropNumber number = (*record)->number;
  const std::string prefix = drop_prefix(number);
  const std::size_t wanted = std::min(count, limits::scan_listings_at_once_max);
  Scan rows(store->engine(), Table::foreign, after ? foreign_key(number, *after) + '\0' : prefix, after_prefix(prefix));
  while (unique_ids.size() < wanted && rows.next()) {
    const auto unique_id = mail::UniqueId::from(rows.key().substr(prefix.size()));
    if (!unique_id) return Error::corrupt;
    unique_ids.push_back(*unique_id);
  }
  if (const auto status = rows.status(); status.has_error()) return status.error();
  return unique_ids;
}

Result<mail::DropListing> RocksMaildrop::recount(const DropId& drop) {
  const auto store = impl_->current();
  if (!store) return Error::unavailable;
  const auto record = store->find_drop(drop);
  if (record.has_error()) return record.error();
  mail::DropListing counted;
  if (!*record) return counted;
  const std::string prefix = drop_prefix((*record)->number);
  Scan rows(store->engine(), Table::index, prefix, after_prefix(prefix));
  while (rows.next()) {
    const auto message = decode_index(rows.key(), rows.value());
    if (!message) return Error::corrupt;
    ++counted.messages;
    counted.octets += message->summary.octets;
  }
  if (const auto status = rows.status(); status.has_error()) return status.error();
  return counted;
}

Result<maildrop::SweepReport> RocksMaildrop::sweep() {
  const auto store = impl_->current();
  if (!store) return Error::unavailable;
  const auto removed = store->reclaim();
  if (removed.has_error()) return removed.error();
  return maildrop::SweepReport{.bodies_removed = *removed};
}

Result<std::unique_ptr<maildrop::Checkpoint>> RocksMaildrop::take_checkpoint() {
  return impl_->take_checkpoint();
}

void throw_exception_from_error(const OpenFailure& failure, const boost::source_location& /*where*/) {
  throw std::runtime_error(failure.text);
}

}  // namespace fermo::rocks
