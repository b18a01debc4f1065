#include "maildrop_rocks/session.h"

#include <algorithm>

#include "base/limits.h"
#include "maildrop/error.h"
#include "maildrop_rocks/deletion.h"
#include "maildrop_rocks/scan.h"

namespace fermo::rocks {

using maildrop::Error;

Result<Listing> Listing::load(OpenStore& store, DropNumber drop, const rocksdb::Snapshot* snapshot,
                              std::uint64_t messages_expected) {
  Listing listing;
  const std::string prefix = drop_prefix(drop);
  Scan rows(store.engine(), Table::index, prefix, after_prefix(prefix), snapshot);
  while (rows.next()) {
    if (const auto added = listing.add(rows.key(), rows.value()); added.has_error()) return added.error();
  }
  if (const auto status = rows.status(); status.has_error()) return status.error();
  // The counters were read at the same moment: a difference means that rows were lost.
  if (listing.size() != messages_expected) return Error::corrupt;
  return listing;
}

Result<void> Listing::add(std::string_view key, std::string_view value) {
  const auto arrival = arrival_of(key);
  const auto record = decode_index(key, value);
  if (!arrival || !record) return Error::corrupt;
  std::uint32_t foreign = 0;
  if (record->foreign) {
    foreign = static_cast<std::uint32_t>(foreign_.size() + 1);
    foreign_ += static_cast<char>(record->foreign->text().size());
    foreign_ += record->foreign->text();
  }
  entries_.push_back({arrival->microseconds, record->summary.octets.value, arrival->discriminator, foreign});
  return {};
}

mail::ScanListing Listing::scan_listing(std::size_t index) const {
  const Entry& entry = entries_[index];
  if (entry.foreign == 0) return {arrival(index).unique_id(), Octets{entry.octets}};
  const std::size_t length = static_cast<unsigned char>(foreign_[entry.foreign - 1]);
  const std::string_view text = std::string_view(foreign_).substr(entry.foreign, length);
  return {mail::UniqueId::from(text).value(), Octets{entry.octets}};
}

Result<const Listing*> RocksSnapshot::listing() {
  if (!listing_) {
    const auto store = pin_->store();
    if (!store) return Error::unavailable;
    auto loaded = Listing::load(*store, record_.number, pin_->snapshot(), record_.listing.messages);
    if (loaded.has_error()) return loaded.error();
    listing_ = std::move(*loaded);
  }
  return &*listing_;
}

Result<std::vector<mail::ScanListing>> RocksSnapshot::scan_listings(MessageNumber first, std::size_t count) {
  const auto whole = listing();
  if (whole.has_error()) return whole.error();
  std::vector<mail::ScanListing> page;
  const std::size_t wanted = std::min(count, limits::scan_listings_at_once_max);
  for (std::size_t index = first.index(); index < (*whole)->size() && page.size() < wanted; ++index) {
    page.push_back((*whole)->scan_listing(index));
  }
  return page;
}

Result<std::unique_ptr<maildrop::Cursor>> RocksSnapshot::read(MessageNumber number) {
  const auto whole = listing();
  if (whole.has_error()) return whole.error();
  if (number.index() >= (*whole)->size()) return Error::no_such_message;
  const auto store = pin_->store();
  if (!store) return Error::unavailable;
  std::string key = index_key(record_.number, (*whole)->arrival(number.index()));
  const auto value = store->engine().get(Table::index, key, pin_->snapshot());
  if (value.has_error()) return value.error();
  if (!*value) return Error::corrupt;
  auto record = decode_index(key, **value);
  if (!record) return Error::corrupt;
  return std::make_unique<RocksCursor>(pin_, std::move(key), std::move(*record));
}

Result<void> RocksSnapshot::commit_deletions(std::span<const MessageNumber> numbers) {
  if (numbers.empty()) return {};
  const auto whole = listing();
  if (whole.has_error()) return whole.error();
  std::vector<mail::ArrivalId> arrivals;
  for (const MessageNumber number : numbers) {
    if (number.index() >= (*whole)->size()) return Error::no_such_message;
    arrivals.push_back((*whole)->arrival(number.index()));
  }
  std::ranges::sort(arrivals);
  const auto repeated = std::ranges::unique(arrivals);
  arrivals.erase(repeated.begin(), repeated.end());
  const auto store = pin_->store();
  if (!store) return Error::unavailable;
  return delete_messages(*store, drop_, record_.number, arrivals);
}

Result<bool> RocksCursor::next(std::string& piece) {
  piece.clear();
  Result<void> fetched;
  if (record_.trace_octets > 0 && !trace_given_) {
    fetched = fetch(Table::heads, index_key_, piece);
    trace_given_ = true;
    if (!fetched.has_error() && piece.size() != record_.trace_octets) fetched = Error::corrupt;
  } else if (chunks_given_ < record_.chunks) {
    fetched = fetch(Table::bodies, chunk_key(record_.body, chunks_given_++), piece);
  }
  if (fetched.has_error()) return {boost::system::in_place_error, fetched.error()};
  octets_given_ += piece.size();
  if (!piece.empty()) return true;
  if (octets_given_ != record_.summary.wire_octets.value) return Error::corrupt;
  return false;
}

Result<void> RocksCursor::fetch(Table table, const std::string& key, std::string& piece) {
  const auto store = pin_->store();
  if (!store) return Error::unavailable;
  auto value = store->engine().get(table, key, pin_->snapshot());
  if (value.has_error()) return value.error();
  if (!*value || !unsealed(key, **value)) return Error::corrupt;
  piece = std::move(**value);
  piece.resize(piece.size() - checksum_octets);
  if (piece.empty()) return Error::corrupt;
  return {};
}

}  // namespace fermo::rocks
