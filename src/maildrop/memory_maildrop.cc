#include "maildrop/memory_maildrop.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "maildrop/error.h"

namespace fermo::maildrop {
namespace {

mail::WireSummary with_trace(mail::WireSummary summary, std::string_view trace_fields) {
  const Octets trace{trace_fields.size()};
  summary.octets += trace;
  summary.wire_octets += trace;
  summary.header_wire_octets += trace;
  return summary;
}

bool trace_too_long(const Recipient& recipient) {
  return recipient.trace_fields.size() > limits::trace_fields_octets_max;
}

}  // namespace

class MemoryMaildrop::MemoryDelivery final : public Delivery {
 public:
  explicit MemoryDelivery(MemoryMaildrop& store) : store_(store) {}

  Result<void> append(std::string_view wire) override {
    body_.append(wire);
    return {};
  }

  Result<std::vector<mail::UniqueId>> finish(const mail::WireSummary& summary, std::span<const Recipient> recipients,
                                             Timestamp /*received_at*/) override {
    if (summary.wire_octets.value != body_.size()) return Error::corrupt;
    if (std::ranges::any_of(recipients, trace_too_long)) return Error::unsupported;
    return store_.add(std::make_shared<const std::string>(std::move(body_)), summary, recipients);
  }

 private:
  MemoryMaildrop& store_;
  std::string body_;
};

class MemoryMaildrop::MemoryCursor final : public Cursor {
 public:
  explicit MemoryCursor(MessagePtr message) : message_(std::move(message)) {}

  const mail::WireSummary& summary() const override { return message_->summary; }

  Result<bool> next(std::string& piece) override {
    const std::string_view trace = message_->trace_fields;
    const std::string_view body = *message_->body;
    const bool in_trace = given_ < trace.size();
    const std::string_view rest = in_trace ? trace.substr(given_) : body.substr(given_ - trace.size());
    piece = rest.substr(0, limits::message_piece_octets_max);
    given_ += piece.size();
    return !piece.empty();
  }

 private:
  MessagePtr message_;
  std::size_t given_ = 0;
};

class MemoryMaildrop::MemorySnapshot final : public Snapshot {
 public:
  MemorySnapshot(MemoryMaildrop& store, DropId drop, std::vector<Held> messages, mail::DropListing listing)
      : store_(store), drop_(std::move(drop)), messages_(std::move(messages)), listing_(listing) {}

  mail::DropListing drop_listing() const override { return listing_; }

  Result<std::vector<mail::ScanListing>> scan_listings(MessageNumber first, std::size_t count) override {
    std::vector<mail::ScanListing> listings;
    const std::size_t wanted = std::min(count, limits::scan_listings_at_once_max);
    for (std::size_t index = first.index(); index < messages_.size() && listings.size() < wanted; ++index) {
      const Message& message = *messages_[index].message;
      listings.push_back({message.unique_id, message.summary.octets});
    }
    return listings;
  }

  Result<std::unique_ptr<Cursor>> read(MessageNumber number) override {
    if (number.index() >= messages_.size()) return Error::no_such_message;
    return std::make_unique<MemoryCursor>(messages_[number.index()].message);
  }

  Result<void> commit_deletions(std::span<const MessageNumber> numbers) override {
    std::vector<mail::ArrivalId> arrivals;
    for (const MessageNumber number : numbers) {
      if (number.index() >= messages_.size()) return Error::no_such_message;
      arrivals.push_back(messages_[number.index()].arrival);
    }
    store_.remove(drop_, arrivals);
    return {};
  }

 private:
  MemoryMaildrop& store_;
  DropId drop_;
  std::vector<Held> messages_;
  mail::DropListing listing_;
};

Result<std::unique_ptr<Delivery>> MemoryMaildrop::begin_delivery() {
  return std::make_unique<MemoryDelivery>(*this);
}

Result<std::unique_ptr<Snapshot>> MemoryMaildrop::open(const DropId& drop) {
  const std::lock_guard lock(mutex_);
  std::vector<Held> messages;
  mail::DropListing listing;
  if (const auto found = drops_.find(drop); found != drops_.end()) {
    for (const auto& [arrival, message] : found->second.messages) messages.push_back({arrival, message});
    listing = found->second.listing;
  }
  return std::make_unique<MemorySnapshot>(*this, drop, std::move(messages), listing);
}

Result<std::vector<DropSummary>> MemoryMaildrop::list_drops(const std::optional<DropId>& after, std::size_t count) {
  const std::lock_guard lock(mutex_);
  std::vector<DropSummary> summaries;
  const std::size_t wanted = std::min(count, limits::scan_listings_at_once_max);
  for (auto it = after ? drops_.upper_bound(*after) : drops_.begin(); it != drops_.end(); ++it) {
    if (summaries.size() == wanted) break;
    if (it->second.listing.messages > 0) summaries.push_back({it->first, it->second.listing});
  }
  return summaries;
}

Result<std::vector<mail::UniqueId>> MemoryMaildrop::list_imported(const DropId& drop,
                                                                  const std::optional<mail::UniqueId>& after,
                                                                  std::size_t count) {
  const std::lock_guard lock(mutex_);
  std::vector<mail::UniqueId> unique_ids;
  const auto found = drops_.find(drop);
  if (found == drops_.end()) return unique_ids;
  const auto& imported = found->second.imported_ever;
  const std::size_t wanted = std::min(count, limits::scan_listings_at_once_max);
  for (auto it = after ? imported.upper_bound(*after) : imported.begin(); it != imported.end(); ++it) {
    if (unique_ids.size() == wanted) break;
    unique_ids.push_back(*it);
  }
  return unique_ids;
}

Result<mail::DropListing> MemoryMaildrop::recount(const DropId& drop) {
  const std::lock_guard lock(mutex_);
  mail::DropListing listing;
  if (const auto found = drops_.find(drop); found != drops_.end()) {
    for (const auto& [arrival, message] : found->second.messages) {
      ++listing.messages;
      listing.octets += message->summary.octets;
    }
  }
  return listing;
}

Result<std::vector<mail::UniqueId>> MemoryMaildrop::add(std::shared_ptr<const std::string> body,
                                                        const mail::WireSummary& summary,
                                                        std::span<const Recipient> recipients) {
  const std::lock_guard lock(mutex_);
  if (any_duplicate(recipients)) return Error::duplicate;
  std::vector<mail::UniqueId> unique_ids;
  for (const Recipient& recipient : recipients) unique_ids.push_back(add_to(recipient, summary, body));
  return unique_ids;
}

bool MemoryMaildrop::any_duplicate(std::span<const Recipient> recipients) const {
  std::set<std::pair<DropId, mail::UniqueId>> wanted;
  for (const Recipient& recipient : recipients) {
    if (!recipient.unique_id) continue;
    if (!wanted.emplace(recipient.drop, *recipient.unique_id).second) return true;
    const auto drop = drops_.find(recipient.drop);
    if (drop != drops_.end() && drop->second.unique_ids_ever.contains(*recipient.unique_id)) return true;
  }
  return false;
}

mail::UniqueId MemoryMaildrop::add_to(const Recipient& recipient, const mail::WireSummary& summary,
                                      const std::shared_ptr<const std::string>& body) {
  Drop& drop = drops_[recipient.drop];
  const mail::ArrivalId arrival = arrivals_.next();
  const mail::UniqueId unique_id = recipient.unique_id.value_or(arrival.unique_id());
  auto message = std::make_shared<Message>(
      Message{unique_id, with_trace(summary, recipient.trace_fields), recipient.trace_fields, body});
  drop.listing.messages += 1;
  drop.listing.octets += message->summary.octets;
  drop.unique_ids_ever.insert(unique_id);
  if (recipient.unique_id) drop.imported_ever.insert(unique_id);
  drop.messages.emplace(arrival, std::move(message));
  return unique_id;
}

void MemoryMaildrop::remove(const DropId& drop, std::span<const mail::ArrivalId> arrivals) {
  const std::lock_guard lock(mutex_);
  const auto found = drops_.find(drop);
  if (found == drops_.end()) return;
  for (const mail::ArrivalId& arrival : arrivals) {
    const auto message = found->second.messages.find(arrival);
    if (message == found->second.messages.end()) continue;
    found->second.listing.messages -= 1;
    found->second.listing.octets -= message->second->summary.octets;
    found->second.messages.erase(message);
  }
}

}  // namespace fermo::maildrop
