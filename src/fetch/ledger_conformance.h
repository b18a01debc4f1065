#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fetch/ledger.h"

/// What every ledger must do. A test file says INSTANTIATE_TEST_SUITE_P(Name, LedgerConformance, …) with a maker.
namespace fermo::fetch {

/// Makes one ledger for one test, and opens it again as if the process had been restarted.
class LedgerHarness {
 public:
  virtual ~LedgerHarness() = default;
  virtual Ledger& ledger() = 0;
  virtual void reopen() = 0;
};
using LedgerHarnessMaker = std::function<std::unique_ptr<LedgerHarness>()>;

class LedgerConformance : public testing::TestWithParam<LedgerHarnessMaker> {
 protected:
  void SetUp() override { harness_ = GetParam()(); }

  Ledger& ledger() { return harness_->ledger(); }
  void reopen() { harness_->reopen(); }

  static Timestamp at(int seconds) { return Timestamp(std::chrono::seconds(1'700'000'000 + seconds)); }

  Result<void> apply(std::vector<Change> changes) { return ledger().apply(changes); }
  void must(std::vector<Change> changes) { ASSERT_FALSE(apply(std::move(changes)).has_error()); }

  std::optional<Record> found(std::string_view key) {
    auto record = ledger().find(key);
    EXPECT_TRUE(record.has_value());
    return record.has_value() ? *record : std::nullopt;
  }
  std::vector<std::string> keys() {
    auto records = ledger().load();
    EXPECT_TRUE(records.has_value());
    std::vector<std::string> keys;
    if (records.has_value()) {
      for (const Record& record : *records) keys.push_back(record.key);
    }
    return keys;
  }
  static change::Seen seen(std::string key, std::uint64_t position = 1) {
    return {std::move(key), Octets{100}, at(0), position, 0};
  }
  static change::Delivered delivered(std::string key, bool whole = true) {
    return {key, at(1), "name-of-" + key, whole, HeadIdentity{"0123abcd", true}};
  }

 private:
  std::unique_ptr<LedgerHarness> harness_;
};

TEST_P(LedgerConformance, KnowsNothingAtFirst) {
  EXPECT_TRUE(keys().empty());
  EXPECT_EQ(found("a"), std::nullopt);
  const auto state = ledger().state();
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(*state, AccountState{});
}

TEST_P(LedgerConformance, KeepsWhatWasSeen) {
  must({seen("a", 7)});
  reopen();
  Record expected;
  expected.key = "a";
  expected.octets = Octets{100};
  expected.first_seen = at(0);
  expected.position = 7;
  EXPECT_EQ(found("a"), expected);
}

TEST_P(LedgerConformance, SeeingAgainUpdatesOctetsAndPositionButNotTheFirstTime) {
  must({seen("a"), change::Missing{"a", at(5)}, change::Seen{"a", Octets{200}, at(9), 3, 5}});
  const auto record = found("a");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->first_seen, at(0));
  EXPECT_EQ(record->octets, Octets{200});
  EXPECT_EQ(record->position, 3u);
  EXPECT_EQ(record->missing_since, std::nullopt);
  EXPECT_EQ(record->generation, 0u);
}

TEST_P(LedgerConformance, KeepsADeliveryWithItsNameAndIdentity) {
  must({seen("a"), delivered("a")});
  reopen();
  const auto record = found("a");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->standing, Standing::whole);
  EXPECT_EQ(record->delivered, at(1));
  EXPECT_EQ(record->delivery_name, "name-of-a");
  EXPECT_EQ(record->identity, (HeadIdentity{"0123abcd", true}));
}

TEST_P(LedgerConformance, AHeadAfterTheWholeChangesNothing) {
  must({seen("a"), delivered("a"), change::Delivered{"a", at(9), "other", false, std::nullopt}});
  EXPECT_EQ(found("a")->standing, Standing::whole);
  EXPECT_EQ(found("a")->delivery_name, "name-of-a");
}

TEST_P(LedgerConformance, TheWholeAfterAHeadEndsTheWish) {
  must({seen("a"), delivered("a", false), change::WholeWanted{"a"}});
  EXPECT_EQ(found("a")->standing, Standing::head);
  EXPECT_TRUE(found("a")->whole_wanted);
  must({delivered("a")});
  EXPECT_EQ(found("a")->standing, Standing::whole);
  EXPECT_FALSE(found("a")->whole_wanted);
}

TEST_P(LedgerConformance, RefusesToDeleteWhatWasNotDelivered) {
  must({seen("waiting"), seen("skipped"), change::Skipped{"skipped"}, seen("head"), delivered("head", false),
        seen("refused"), change::Refused{"refused"}});
  for (const char* key : {"waiting", "skipped", "head", "refused"}) {
    EXPECT_EQ(apply({change::DeletionAsked{key, at(2)}}).error(), Error::not_delivered) << key;
    EXPECT_EQ(apply({change::Gone{key, at(2)}}).error(), Error::not_delivered) << key;
    EXPECT_EQ(found(key)->deletion_asked, std::nullopt);
    EXPECT_EQ(found(key)->gone, std::nullopt);
  }
}

TEST_P(LedgerConformance, DeletesWhatWasDelivered) {
  must({seen("a"), delivered("a"), change::DeletionAsked{"a", at(2)}, change::Gone{"a", at(3)}});
  reopen();
  EXPECT_EQ(found("a")->deletion_asked, at(2));
  EXPECT_EQ(found("a")->gone, at(3));
}

TEST_P(LedgerConformance, SeeingAgainTakesBackThatItWasGone) {
  must({seen("a"), delivered("a"), change::DeletionAsked{"a", at(2)}, change::Gone{"a", at(3)}, seen("a")});
  EXPECT_EQ(found("a")->gone, std::nullopt);
  EXPECT_EQ(found("a")->standing, Standing::whole);
}

TEST_P(LedgerConformance, TheFirstTimeThatItIsMissingCounts) {
  must({seen("a"), change::Missing{"a", at(5)}, change::Missing{"a", at(9)}});
  EXPECT_EQ(found("a")->missing_since, at(5));
}

TEST_P(LedgerConformance, AppliesAllOrNothing) {
  EXPECT_EQ(apply({seen("a"), delivered("a"), change::Gone{"unknown", at(1)}}).error(), Error::no_such_record);
  EXPECT_EQ(found("a"), std::nullopt);
  must({seen("a")});
  EXPECT_EQ(apply({delivered("a"), change::Forgotten{"a"}, change::Reasoned{"a", Reason::later}}).error(),
            Error::no_such_record);
  EXPECT_EQ(found("a")->standing, Standing::waiting);
}

TEST_P(LedgerConformance, NeedsARecordForEveryChangeToOne) {
  for (const Change& change :
       std::vector<Change>{change::Skipped{"x"}, delivered("x"), change::Refused{"x"},
                           change::DeletionAsked{"x", at(1)}, change::Gone{"x", at(1)}, change::Missing{"x", at(1)},
                           change::WholeWanted{"x"}, change::Reasoned{"x", Reason::later}}) {
    EXPECT_EQ(apply({change}).error(), Error::no_such_record) << change.index();
  }
  must({change::Forgotten{"x"}});
}

TEST_P(LedgerConformance, ForgetsAndStoresUnderAnotherKeyAsOne) {
  must({seen("a"), delivered("a")});
  Record moved = *found("a");
  moved.key = "b";
  must({change::Forgotten{"a"}, change::Stored{moved}});
  reopen();
  EXPECT_EQ(found("a"), std::nullopt);
  EXPECT_EQ(found("b"), moved);
}

TEST_P(LedgerConformance, ExchangesTwoKeysAsOne) {
  must({seen("a"), delivered("a"), seen("b", 2), delivered("b")});
  Record a = *found("a");
  Record b = *found("b");
  std::swap(a.key, b.key);
  must({change::Forgotten{"a"}, change::Forgotten{"b"}, change::Stored{a}, change::Stored{b}});
  EXPECT_EQ(found("a")->delivery_name, "name-of-b");
  EXPECT_EQ(found("b")->delivery_name, "name-of-a");
}

TEST_P(LedgerConformance, NeverPutsARecordOverAnother) {
  must({seen("a"), delivered("a")});
  Record other;
  other.key = "a";
  EXPECT_EQ(apply({change::Stored{other}}).error(), Error::conflict);
  EXPECT_EQ(apply({change::Skipped{"a"}}).error(), Error::conflict);
  EXPECT_EQ(apply({change::Refused{"a"}}).error(), Error::conflict);
  EXPECT_EQ(found("a")->standing, Standing::whole);
}

TEST_P(LedgerConformance, KeepsEveryFieldOfARecord) {
  Record record;
  record.key = "all \xc3\xa9'\" fields";
  record.octets = Octets{0xffff'ffff'ffULL};
  record.first_seen = at(-1) + std::chrono::microseconds(123'456);
  record.standing = Standing::imported;
  record.delivered = at(2);
  record.delivery_name = "n";
  record.identity = HeadIdentity{"ff", false};
  record.deletion_asked = at(3);
  record.gone = at(4);
  record.missing_since = at(5);
  record.generation = 7;
  record.position = 6;
  record.whole_wanted = true;
  record.reason = Reason::too_large;
  Record sparse;
  sparse.key = "sparse";
  must({change::Stored{record}, change::Stored{sparse}});
  reopen();
  EXPECT_EQ(found(record.key), record);
  EXPECT_EQ(found("sparse"), sparse);
}

TEST_P(LedgerConformance, LoadsInTheOrderOfPositionsThenKeys) {
  must({seen("d", 0), seen("c", 2), seen("b", 1), seen("a", 0)});
  reopen();
  EXPECT_THAT(keys(), testing::ElementsAre("a", "d", "b", "c"));
}

TEST_P(LedgerConformance, TellsKeysApartOctetByOctet) {
  must({seen("Abc", 1), seen("aBC", 2), seen("abc ", 3), seen("abc", 4)});
  EXPECT_THAT(keys(), testing::ElementsAre("Abc", "aBC", "abc ", "abc"));
}

TEST_P(LedgerConformance, KeepsTheStateOfTheAccount) {
  AccountState state;
  state.first_run_done = true;
  state.stat = mail::DropListing{3, Octets{4'000'000'000'000}};
  state.highest_position = 3;
  state.last_full_listing = at(1);
  state.last_login = at(2);
  state.pipelining = Pipelining::broken;
  state.unique_ids = UniqueIds::message_numbers;
  state.capabilities = "TOP\nUIDL";
  state.target_mark = "mark";
  state.deliveries_open = true;
  ASSERT_FALSE(ledger().set_state(state).has_error());
  reopen();
  EXPECT_EQ(*ledger().state(), state);
  ASSERT_FALSE(ledger().set_state(AccountState{}).has_error());
  reopen();
  EXPECT_EQ(*ledger().state(), AccountState{});
}

TEST_P(LedgerConformance, AppliesChangesAndStateAsOne) {
  AccountState state;
  state.first_run_done = true;
  const std::vector<Change> bad{seen("a"), change::Gone{"a", at(1)}};
  EXPECT_EQ(ledger().apply(bad, state).error(), Error::not_delivered);
  EXPECT_FALSE(ledger().state()->first_run_done);
  EXPECT_EQ(found("a"), std::nullopt);
  const std::vector<Change> good{seen("a"), change::Skipped{"a"}};
  ASSERT_FALSE(ledger().apply(good, state).has_error());
  reopen();
  EXPECT_TRUE(ledger().state()->first_run_done);
  EXPECT_EQ(found("a")->standing, Standing::skipped);
}

TEST_P(LedgerConformance, HoldsManyRecords) {
  std::vector<Change> changes;
  constexpr std::uint64_t many = 5000;
  for (std::uint64_t i = 1; i <= many; ++i) changes.emplace_back(seen("key-" + std::to_string(i), i));
  must(std::move(changes));
  reopen();
  EXPECT_EQ(keys().size(), many);
  EXPECT_EQ(found("key-4999")->position, 4999u);
}

}  // namespace fermo::fetch
