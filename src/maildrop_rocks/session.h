#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "maildrop/maildrop.h"
#include "maildrop_rocks/open_store.h"

namespace fermo::rocks {

/// The scan listing of a drop in little memory: a million messages take 24 MB.
class Listing {
 public:
  static Result<Listing> load(OpenStore& store, DropNumber drop, const rocksdb::Snapshot* snapshot,
                              std::uint64_t messages_expected);

  std::size_t size() const { return entries_.size(); }
  mail::ArrivalId arrival(std::size_t index) const {
    return {entries_[index].microseconds, entries_[index].discriminator};
  }
  mail::ScanListing scan_listing(std::size_t index) const;

 private:
  struct Entry {
    std::uint64_t microseconds;
    std::uint64_t octets;
    std::uint32_t discriminator;
    std::uint32_t foreign;  ///< Where the unique-id of an imported message begins in foreign_, plus 1.
  };

  Result<void> add(std::string_view key, std::string_view value);

  std::vector<Entry> entries_;
  std::string foreign_;  ///< Unique-ids, each after an octet with its length.
};

class RocksSnapshot final : public maildrop::Snapshot {
 public:
  /// `record` is nothing for a drop that never had a message.
  RocksSnapshot(std::shared_ptr<const Pin> pin, DropId drop, std::optional<DropRecord> record)
      : pin_(std::move(pin)), drop_(std::move(drop)), record_(record.value_or(DropRecord{})) {
    if (!record) listing_.emplace();
  }

  mail::DropListing drop_listing() const override { return record_.listing; }
  Result<std::vector<mail::ScanListing>> scan_listings(MessageNumber first, std::size_t count) override;
  Result<std::unique_ptr<maildrop::Cursor>> read(MessageNumber number) override;
  Result<void> commit_deletions(std::span<const MessageNumber> numbers) override;

 private:
  Result<const Listing*> listing();

  const std::shared_ptr<const Pin> pin_;
  const DropId drop_;
  const DropRecord record_;
  std::optional<Listing> listing_;
};

/// Gives the trace fields, then the chunks of the body.
class RocksCursor final : public maildrop::Cursor {
 public:
  RocksCursor(std::shared_ptr<const Pin> pin, std::string index_key, IndexRecord record)
      : pin_(std::move(pin)), index_key_(std::move(index_key)), record_(std::move(record)) {}

  const mail::WireSummary& summary() const override { return record_.summary; }
  Result<bool> next(std::string& piece) override;

 private:
  Result<void> fetch(Table table, const std::string& key, std::string& piece);

  const std::shared_ptr<const Pin> pin_;
  const std::string index_key_;
  const IndexRecord record_;
  bool trace_given_ = false;
  std::uint32_t chunks_given_ = 0;
  std::uint64_t octets_given_ = 0;
};

}  // namespace fermo::rocks
