#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "maildrop/maildrop.h"

namespace fermo::maildrop {

/// The reference: a store in memory, so plain that it is right at a glance. Every other store is held against it. For
/// tests, and for a server that need not keep anything. Thread-safe.
class MemoryMaildrop final : public Store {
 public:
  /// `clock` must outlive the store.
  explicit MemoryMaildrop(const Clock& clock) : arrivals_(clock, 0) {}

  Result<std::unique_ptr<Delivery>> begin_delivery() override;
  Result<std::unique_ptr<Snapshot>> open(const DropId& drop) override;
  Result<std::vector<DropSummary>> list_drops(const std::optional<DropId>& after, std::size_t count) override;
  Result<std::vector<mail::UniqueId>> list_imported(const DropId& drop, const std::optional<mail::UniqueId>& after,
                                                    std::size_t count) override;
  Result<mail::DropListing> recount(const DropId& drop) override;
  Result<SweepReport> sweep() override { return SweepReport{}; }

 private:
  class MemoryDelivery;
  class MemorySnapshot;
  class MemoryCursor;

  struct Message {
    mail::UniqueId unique_id;
    mail::WireSummary summary;
    std::string trace_fields;
    std::shared_ptr<const std::string> body;  ///< One for all recipients.
  };
  using MessagePtr = std::shared_ptr<const Message>;

  struct Drop {
    std::map<mail::ArrivalId, MessagePtr> messages;
    std::set<mail::UniqueId> unique_ids_ever;
    std::set<mail::UniqueId> imported_ever;
    mail::DropListing listing;
  };

  /// A message of a snapshot, with what finds it again in its drop.
  struct Held {
    mail::ArrivalId arrival;
    MessagePtr message;
  };

  Result<std::vector<mail::UniqueId>> add(std::shared_ptr<const std::string> body, const mail::WireSummary& summary,
                                          std::span<const Recipient> recipients);
  bool any_duplicate(std::span<const Recipient> recipients) const;
  mail::UniqueId add_to(const Recipient& recipient, const mail::WireSummary& summary,
                        const std::shared_ptr<const std::string>& body);
  void remove(const DropId& drop, std::span<const mail::ArrivalId> arrivals);

  mail::ArrivalIdSource arrivals_;
  std::mutex mutex_;
  std::map<DropId, Drop> drops_;
};

}  // namespace fermo::maildrop
