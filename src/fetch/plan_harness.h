#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fetch/memory_ledger.h"
#include "fetch/plan.h"

namespace fermo::fetch {

inline const Timestamp start(std::chrono::seconds(1'800'000'000));

inline HeadIdentity head_of(const std::string& name, bool strong = true) {
  return head_identity((strong ? "Received: by x\nMessage-ID: <" : "X-Other: <") + name + ">\nSubject: " + name +
                       "\n\n");
}

/// One account whose listing, ledger and policy a test writes down.
class PlanTest : public testing::Test {
 protected:
  void list(std::string unique_id, std::uint64_t octets = 100) {
    listing_.messages.push_back(
        {MessageNumber::at_index(listing_.messages.size()), std::move(unique_id), Octets{octets}});
    listing_.stat.messages = listing_.messages.size();
    listing_.stat.octets += Octets{octets};
  }
  void list_nothing() { listing_ = Listing{}; }

  Record& know(std::string key, Standing standing, std::uint64_t octets = 100) {
    Record record;
    record.key = key;
    record.octets = Octets{octets};
    record.first_seen = start;
    record.standing = standing;
    record.position = known_.size() + 1;
    if (standing == Standing::whole || standing == Standing::head) {
      record.delivered = start;
      record.delivery_name = "name-" + key;
      record.identity = head_of(key);
    }
    known_.push_back(record);
    return known_.back();
  }
  /// TOP for the message of that number gives the head of the message called `name`.
  void top(std::uint64_t number, const std::string& name, bool strong = true) {
    heads_[*MessageNumber::from(number)] = head_of(name, strong);
  }
  void top_fails(std::uint64_t number) { heads_[*MessageNumber::from(number)] = std::nullopt; }

  Plan plan() {
    Input input{listing_, known_, policy_, now_, first_run_, unique_ids_, heads_, presence_};
    return make_plan(input);
  }

  /// The ledger after the changes of the plan.
  std::vector<Record> after(const Plan& plan) {
    MemoryLedger ledger;
    std::vector<Change> stored;
    for (const Record& record : known_) stored.emplace_back(change::Stored{record});
    EXPECT_FALSE(ledger.apply(stored).has_error());
    const auto applied = ledger.apply_each(changes_of(plan), nullptr);
    EXPECT_FALSE(applied.has_error()) << (applied.has_error() ? applied.error().message() : "");
    return *ledger.load();
  }
  /// Whether the plan changes anything in the ledger.
  static bool changes(const Plan& plan) { return changes_of(plan)().has_value(); }
  std::vector<std::string> keys_after(const Plan& plan) {
    std::vector<std::string> keys;
    for (const Record& record : after(plan)) keys.push_back(record.key);
    return keys;
  }
  /// "fetch", "head", "delete", "fetch+delete" or "-" with the code of the reason, for each message.
  static std::vector<std::string> told(const Plan& plan) {
    std::vector<std::string> all;
    for (const Decision& one : plan.decisions) {
      std::string what = one.retrieval == Retrieval::whole ? "fetch" : one.retrieval == Retrieval::head ? "head" : "";
      if (one.removal == Removal::now) what += "delete";
      if (one.removal == Removal::once_delivered) what += "+delete";
      all.push_back((what.empty() ? "-" : what) + " " + std::string(code(one.reason)));
    }
    return all;
  }
  static std::vector<std::uint64_t> needed(const Plan& plan) {
    std::vector<std::uint64_t> numbers;
    for (const MessageNumber number : plan.heads_needed) numbers.push_back(number.value());
    return numbers;
  }

  Listing listing_;
  std::vector<Record> known_;
  Policy policy_;
  Timestamp now_ = start;
  bool first_run_ = false;
  UniqueIds unique_ids_ = UniqueIds::trusted;
  Heads heads_;
  std::function<Presence(const Record&)> presence_;
};

}  // namespace fermo::fetch
