#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "maildrop/maildrop.h"

namespace fermo::fuzz {

/// When a store fails, how, and in how small pieces it gives a message.
struct Faults {
  unsigned calls_before = 0;  ///< That go well.
  error_code error;           ///< None: everything goes well.
  std::size_t piece_octets = 0;
  bool loses_the_end = false;  ///< Of each message.

  /// Counts one call.
  error_code next() {
    if (!error || calls_before == 0) return error;
    --calls_before;
    return {};
  }
};

class FlakyDelivery final : public maildrop::Delivery {
 public:
  FlakyDelivery(std::unique_ptr<Delivery> real, Faults& faults) : real_(std::move(real)), faults_(faults) {}
  Result<void> append(std::string_view wire) override {
    if (const auto error = faults_.next()) return error;
    return real_->append(wire);
  }
  Result<std::vector<mail::UniqueId>> finish(const mail::WireSummary& summary,
                                             std::span<const maildrop::Recipient> recipients,
                                             Timestamp received_at) override {
    if (const auto error = faults_.next()) return error;
    return real_->finish(summary, recipients, received_at);
  }

 private:
  const std::unique_ptr<Delivery> real_;
  Faults& faults_;
};

class FlakyCursor final : public maildrop::Cursor {
 public:
  FlakyCursor(std::unique_ptr<Cursor> real, Faults& faults) : real_(std::move(real)), faults_(faults) {}
  const mail::WireSummary& summary() const override { return real_->summary(); }
  Result<bool> next(std::string& piece) override {
    if (const auto error = faults_.next()) return {boost::system::in_place_error, error};
    if (faults_.piece_octets == 0) return real_->next(piece);
    if (at_ == content_.size()) {
      at_ = 0;
      const auto more = real_->next(content_);
      if (!more || !*more) return more;
      if (faults_.loses_the_end) content_.pop_back();
    }
    piece = content_.substr(at_, faults_.piece_octets);
    at_ += piece.size();
    if (piece.empty()) return {boost::system::in_place_value, false};
    return {boost::system::in_place_value, true};
  }

 private:
  const std::unique_ptr<Cursor> real_;
  Faults& faults_;
  std::string content_;
  std::size_t at_ = 0;
};

class FlakySnapshot final : public maildrop::Snapshot {
 public:
  FlakySnapshot(std::unique_ptr<Snapshot> real, Faults& faults) : real_(std::move(real)), faults_(faults) {}
  mail::DropListing drop_listing() const override { return real_->drop_listing(); }
  Result<std::vector<mail::ScanListing>> scan_listings(MessageNumber first, std::size_t count) override {
    if (const auto error = faults_.next()) return error;
    return real_->scan_listings(first, count);
  }
  Result<std::unique_ptr<maildrop::Cursor>> read(MessageNumber number) override {
    if (const auto error = faults_.next()) return error;
    auto cursor = real_->read(number);
    if (!cursor) return cursor;
    return std::make_unique<FlakyCursor>(std::move(*cursor), faults_);
  }
  Result<void> commit_deletions(std::span<const MessageNumber> numbers) override {
    if (const auto error = faults_.next()) return error;
    return real_->commit_deletions(numbers);
  }

 private:
  const std::unique_ptr<Snapshot> real_;
  Faults& faults_;
};

/// Another store, some of whose calls fail without having done anything. Both must outlive it.
class FlakyStore final : public maildrop::Store {
 public:
  FlakyStore(Store& real, Faults& faults) : real_(real), faults_(faults) {}

  Result<std::unique_ptr<maildrop::Delivery>> begin_delivery() override {
    if (const auto error = faults_.next()) return error;
    auto delivery = real_.begin_delivery();
    if (!delivery) return delivery;
    return std::make_unique<FlakyDelivery>(std::move(*delivery), faults_);
  }
  Result<std::unique_ptr<maildrop::Snapshot>> open(const DropId& drop) override {
    if (const auto error = faults_.next()) return error;
    auto snapshot = real_.open(drop);
    if (!snapshot) return snapshot;
    return std::make_unique<FlakySnapshot>(std::move(*snapshot), faults_);
  }
  Result<std::vector<maildrop::DropSummary>> list_drops(const std::optional<DropId>& after,
                                                        std::size_t count) override {
    if (const auto error = faults_.next()) return error;
    return real_.list_drops(after, count);
  }
  Result<std::vector<mail::UniqueId>> list_imported(const DropId& drop, const std::optional<mail::UniqueId>& after,
                                                    std::size_t count) override {
    if (const auto error = faults_.next()) return error;
    return real_.list_imported(drop, after, count);
  }
  Result<mail::DropListing> recount(const DropId& drop) override {
    if (const auto error = faults_.next()) return error;
    return real_.recount(drop);
  }
  Result<maildrop::SweepReport> sweep() override {
    if (const auto error = faults_.next()) return error;
    return real_.sweep();
  }

 private:
  Store& real_;
  Faults& faults_;
};

}  // namespace fermo::fuzz
