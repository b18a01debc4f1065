#include "fetch/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "fetch/memory_ledger.h"
#include "fetch/message_key.h"

namespace fermo::fetch {
namespace {

using std::chrono::days;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Timestamp start(std::chrono::seconds(1'800'000'000));

HeadIdentity head_of(const std::string& name, bool strong = true) {
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

TEST_F(PlanTest, FetchesWhatIsNewAndLeavesTheRest) {
  know("a", Standing::whole);
  list("a");
  list("b");
  const Plan made = plan();
  EXPECT_THAT(told(made), ElementsAre("- delivered", "fetch is-new"));
  EXPECT_THAT(keys_after(made), ElementsAre("a", "b"));
  EXPECT_EQ(after(made)[1].standing, Standing::waiting);
  EXPECT_EQ(after(made)[1].reason, Reason::is_new);
}

TEST_F(PlanTest, HasNoChangesForWhatIsAsItWas) {
  know("a", Standing::whole).reason = Reason::delivered;
  list("a");
  EXPECT_FALSE(changes(plan()));
}

TEST_F(PlanTest, FetchesAgainWhatWasNeverDelivered) {
  know("a", Standing::waiting);
  list("a", 999);
  EXPECT_THAT(told(plan()), ElementsAre("fetch not-delivered-yet"));
}

TEST_F(PlanTest, DeletesInModeRemoveOnlyWhatIsDelivered) {
  policy_.mode = Mode::remove;
  know("whole", Standing::whole);
  know("head", Standing::head, 100);
  know("skipped", Standing::skipped);
  know("imported", Standing::imported);
  know("refused", Standing::refused);
  know("waiting", Standing::waiting);
  policy_.whole_octets_max = Octets{50};
  for (const char* key : {"whole", "head", "skipped", "imported", "refused", "waiting"}) list(key);
  EXPECT_THAT(told(plan()), ElementsAre("delete delivered-so-deleted", "- head-delivered", "- before-first-run",
                                        "- fetched-by-other-program", "- refused-by-target", "head too-large"));
}

TEST_F(PlanTest, DeletesANewMessageOnceItIsDelivered) {
  policy_.mode = Mode::remove;
  list("a");
  EXPECT_THAT(told(plan()), ElementsAre("fetch+delete is-new"));
}

TEST_F(PlanTest, DeletesWhatAnotherProgramFetchedByWishOnly) {
  policy_.mode = Mode::remove;
  policy_.remove_imported = true;
  know("a", Standing::imported);
  list("a");
  EXPECT_THAT(told(plan()), ElementsAre("delete delivered-so-deleted"));
}

TEST_F(PlanTest, SaysThatADeletionDidNotHold) {
  policy_.mode = Mode::remove;
  know("a", Standing::whole).deletion_asked = start;
  list("a");
  EXPECT_THAT(told(plan()), ElementsAre("delete deletion-did-not-hold"));
}

TEST_F(PlanTest, KeepsForDaysSinceTheDelivery) {
  policy_.mode = Mode::keep_days;
  policy_.keep_days = days(7);
  know("a", Standing::whole);
  list("a");
  list("b");
  now_ = start + days(7) - std::chrono::microseconds(1);
  EXPECT_THAT(told(plan()), ElementsAre("- keep-days-not-over", "fetch is-new"));
  now_ = start + days(7);
  EXPECT_THAT(told(plan()), ElementsAre("delete keep-days-over", "fetch is-new"));
  now_ = start - days(900);  // a clock that was set back
  EXPECT_THAT(told(plan()), ElementsAre("- keep-days-not-over", "fetch is-new"));
}

TEST_F(PlanTest, KeepsTheNewest) {
  policy_.mode = Mode::keep_newest;
  policy_.keep_newest = 2;
  know("a", Standing::whole);
  know("c", Standing::whole);
  for (const char* key : {"a", "b", "c", "d"}) list(key);
  EXPECT_THAT(told(plan()),
              ElementsAre("delete beyond-newest", "fetch+delete is-new", "- among-newest", "fetch is-new"));
}

TEST_F(PlanTest, KeepsTheNewestOfATailAlways) {
  policy_.mode = Mode::keep_newest;
  policy_.keep_newest = 1;
  listing_.complete = false;
  for (const char* key : {"a", "b", "c"}) list(key);
  EXPECT_THAT(told(plan()), ElementsAre("fetch is-new", "fetch is-new", "fetch is-new"));
}

TEST_F(PlanTest, MirrorsLocalDeletions) {
  policy_.mode = Mode::mirror;
  for (const char* key : {"there", "gone", "unsure"}) {
    know(key, Standing::whole);
    list(key);
  }
  presence_ = [](const Record& record) {
    if (record.key == "there") return Presence::present;
    return record.key == "gone" ? Presence::absent : Presence::unknown;
  };
  EXPECT_THAT(told(plan()), ElementsAre("- there-locally", "delete deleted-locally", "- local-state-unknown"));
  presence_ = nullptr;
  EXPECT_THAT(told(plan()), ElementsAre("- local-state-unknown", "- local-state-unknown", "- local-state-unknown"));
}

TEST_F(PlanTest, DoesNotMirrorAMassDeletionUnconfirmed) {
  policy_.mode = Mode::mirror;
  presence_ = [](const Record&) { return Presence::absent; };
  for (std::size_t i = 0; i <= limits::mirror_unconfirmed_deletions_max; ++i) {
    know("id" + std::to_string(i), Standing::whole);
    list("id" + std::to_string(i));
  }
  const Plan held = plan();
  EXPECT_THAT(told(held), testing::Each("- many-gone-locally"));
  EXPECT_THAT(held.remarks, ElementsAre(HasSubstr("until that is confirmed")));
  policy_.mass_deletion_confirmed = true;
  EXPECT_THAT(told(plan()), testing::Each("delete deleted-locally"));
}

TEST_F(PlanTest, FetchesHeadsOnlyByWishAndDeletesNothingThen) {
  policy_.headers_only = true;
  policy_.mode = Mode::remove;
  list("a");
  EXPECT_THAT(told(plan()), ElementsAre("head headers-only"));
}

TEST_F(PlanTest, FetchesTheHeadOfWhatIsTooLargeAndTheWholeOnDemand) {
  policy_.whole_octets_max = Octets{1000};
  policy_.mode = Mode::remove;
  list("at the limit is no id", 10);
  list_nothing();
  list("fits", 1000);
  list("large", 1001);
  EXPECT_THAT(told(plan()), ElementsAre("fetch+delete is-new", "head too-large"));
  know("large", Standing::head, 1001);
  EXPECT_THAT(told(plan()), ElementsAre("fetch+delete is-new", "- head-delivered"));
  known_[0].whole_wanted = true;
  EXPECT_THAT(told(plan()), ElementsAre("fetch+delete is-new", "fetch+delete asked-for"));
  known_[0].whole_wanted = false;
  policy_.whole_octets_max = std::nullopt;
  EXPECT_THAT(told(plan()), ElementsAre("fetch+delete is-new", "fetch+delete now-allowed"));
}

TEST_F(PlanTest, LeavesWhatWasThereBeforeTheFirstRun) {
  policy_.first_run = FirstRun::from_now;
  policy_.mode = Mode::remove;
  first_run_ = true;
  list("a");
  const Plan first = plan();
  EXPECT_THAT(told(first), ElementsAre("- before-first-run"));
  known_ = after(first);
  EXPECT_EQ(known_[0].standing, Standing::skipped);
  first_run_ = false;
  list("b");
  EXPECT_THAT(told(plan()), ElementsAre("- before-first-run", "fetch+delete is-new"));
  known_[0].whole_wanted = true;
  EXPECT_THAT(told(plan()), ElementsAre("fetch+delete asked-for", "fetch+delete is-new"));
}

TEST_F(PlanTest, LeavesTheRestForLaterRunsWhenThereIsALimit) {
  policy_.messages_at_once_max = 1;
  policy_.mode = Mode::remove;
  list("a");
  list("b");
  EXPECT_THAT(told(plan()), ElementsAre("fetch+delete is-new", "- later"));
}

TEST_F(PlanTest, AnEmptyListingNeverClearsAnything) {
  know("a", Standing::whole).missing_since = start - days(300);
  know("b", Standing::whole).deletion_asked = start;
  now_ = start + days(1000);
  const Plan made = plan();
  EXPECT_FALSE(changes(made));
  EXPECT_THAT(made.remarks, ElementsAre(HasSubstr("lists no messages, though 2")));
}

TEST_F(PlanTest, AListingThatDisagreesWithStatClearsNothing) {
  know("a", Standing::whole).missing_since = start - days(300);
  list("b");
  top(1, "b");
  listing_.stat.messages = 2;
  const Plan made = plan();
  EXPECT_THAT(keys_after(made), ElementsAre("a", "b"));
  EXPECT_THAT(made.remarks, ElementsAre(HasSubstr("counts 2 messages and lists 1")));
}

TEST_F(PlanTest, ATailClearsNothing) {
  know("a", Standing::whole).missing_since = start - days(300);
  listing_.complete = false;
  list("b");
  EXPECT_THAT(keys_after(plan()), ElementsAre("a", "b"));
}

TEST_F(PlanTest, ForgetsOnlyWhatHasBeenMissingForLong) {
  know("a", Standing::whole, 1);
  know("b", Standing::whole);
  know("c", Standing::whole);
  list("b");
  list("c");
  known_ = after(plan());
  EXPECT_EQ(known_[0].missing_since, start);
  now_ = start + policy_.forget_after - days(1);
  EXPECT_THAT(keys_after(plan()), ElementsAre("a", "b", "c"));
  now_ = start + policy_.forget_after;
  EXPECT_THAT(keys_after(plan()), ElementsAre("b", "c"));
}

TEST_F(PlanTest, WhatComesBackIsKnownStill) {
  know("a", Standing::whole).missing_since = start;
  list("a");
  now_ = start + days(300);
  EXPECT_THAT(needed(plan()), ElementsAre(1));
  top(1, "another");
  EXPECT_THAT(told(plan()), ElementsAre("fetch new-under-known-id"));
  top_fails(1);
  EXPECT_THAT(told(plan()), ElementsAre("- delivered"));
  top(1, "a");
  const Plan made = plan();
  EXPECT_THAT(told(made), ElementsAre("- delivered"));
  EXPECT_EQ(after(made)[0].missing_since, std::nullopt);
}

TEST_F(PlanTest, AbsenceConfirmsADeletionThatWasAskedFor) {
  know("a", Standing::whole).deletion_asked = start;
  list("b");
  top(1, "b");
  EXPECT_EQ(after(plan())[0].gone, now_);
}

TEST_F(PlanTest, LooksTwiceAtAMessageThatWasGone) {
  policy_.mode = Mode::remove;
  Record& gone = know("a", Standing::whole);
  gone.gone = start;
  gone.deletion_asked = start;
  list("a");
  EXPECT_THAT(needed(plan()), ElementsAre(1));
  EXPECT_FALSE(changes(plan()));
  top(1, "a");
  EXPECT_THAT(told(plan()), ElementsAre("delete deletion-did-not-hold"));
  top(1, "another");
  const Plan made = plan();
  EXPECT_THAT(told(made), ElementsAre("fetch+delete new-under-known-id"));
  EXPECT_EQ(after(made)[0].standing, Standing::waiting);
  top_fails(1);
  EXPECT_THAT(told(plan()), ElementsAre("fetch+delete new-under-known-id"));
}

TEST_F(PlanTest, LooksTwiceAtAMessageOfOtherOctets) {
  know("a", Standing::whole, 100);
  list("a", 104);
  EXPECT_THAT(needed(plan()), ElementsAre(1));
  top(1, "a");
  const Plan same = plan();
  EXPECT_THAT(told(same), ElementsAre("- delivered"));
  EXPECT_EQ(after(same)[0].octets, Octets{104});
  top(1, "another");
  EXPECT_THAT(told(plan()), ElementsAre("fetch new-under-known-id"));
}

TEST_F(PlanTest, KnowsMessagesOfAMovedServerByTheirHeads) {
  for (const char* key : {"a", "b", "c"}) {
    know(key, Standing::whole);
    list(std::string("new-") + key);
  }
  list("new-d");
  EXPECT_THAT(needed(plan()), ElementsAre(1, 2, 3, 4));
  top(1, "a");
  top(2, "b");
  top(3, "c");
  top(4, "d");
  const Plan made = plan();
  EXPECT_THAT(told(made), ElementsAre("- delivered", "- delivered", "- delivered", "fetch is-new"));
  EXPECT_THAT(keys_after(made), ElementsAre("new-a", "new-b", "new-c", "new-d"));
  EXPECT_EQ(after(made)[0].delivery_name, "name-a");
  EXPECT_THAT(made.remarks, ElementsAre(HasSubstr("3 messages that had been fetched before got another unique-id")));
}

TEST_F(PlanTest, KnowsMovedMessagesWhoseOctetsChangedByStrongHeadsOnly) {
  know("a", Standing::whole);
  know("b", Standing::whole).identity = head_of("b", false);
  list("x", 107);
  list("y", 107);
  top(1, "a");
  top(2, "b", false);
  EXPECT_THAT(told(plan()), ElementsAre("- delivered", "fetch is-new"));
}

TEST_F(PlanTest, KnowsMessagesThatExchangedTheirUniqueIds) {
  know("a", Standing::whole, 100);
  know("b", Standing::whole, 200);
  list("b", 100);
  list("a", 200);
  EXPECT_THAT(needed(plan()), ElementsAre(1, 2));
  top(1, "a");
  top(2, "b");
  const Plan made = plan();
  EXPECT_THAT(told(made), ElementsAre("- delivered", "- delivered"));
  EXPECT_EQ(after(made)[0].delivery_name, "name-a");
  EXPECT_EQ(after(made)[0].key, "b");
}

TEST_F(PlanTest, FetchesMovedMessagesAgainWhenNoHeadsCanBeHad) {
  know("a", Standing::whole);
  list("new-a");
  top_fails(1);
  const Plan made = plan();
  EXPECT_THAT(told(made), ElementsAre("fetch is-new"));
  EXPECT_THAT(made.remarks, ElementsAre(HasSubstr("may be fetched a second time")));
}

TEST_F(PlanTest, AsksForNoHeadsWhenAFewMessagesGoAndOthersCome) {
  for (const char* key : {"a", "b", "c"}) know(key, Standing::whole, 100);
  list("b", 100);
  list("c", 100);
  list("d", 555);
  EXPECT_THAT(needed(plan()), IsEmpty());
  list("e", 100);  // as many octets as the one that went
  EXPECT_THAT(needed(plan()), ElementsAre(4));
}

TEST_F(PlanTest, TellsMessagesApartByHeadsWithoutUidl) {
  listing_.unique_ids = false;
  list("");
  list("");
  EXPECT_THAT(needed(plan()), ElementsAre(1, 2));
  top(1, "a");
  top(2, "b");
  const Plan made = plan();
  EXPECT_THAT(told(made), ElementsAre("fetch is-new", "fetch is-new"));
  EXPECT_EQ(made.unique_ids, UniqueIds::absent);
  EXPECT_EQ(made.decisions[0].key, key_of_head(head_of("a"), Octets{100}, 1));
  know(made.decisions[1].key, Standing::whole).identity = head_of("b");
  EXPECT_THAT(told(plan()), ElementsAre("fetch is-new", "- delivered"));
  EXPECT_THAT(made.remarks, ElementsAre(HasSubstr("does not know UIDL")));
}

TEST_F(PlanTest, CountsMessagesWithEqualHeads) {
  listing_.unique_ids = false;
  list("");
  list("");
  top(1, "same");
  top(2, "same");
  const Plan made = plan();
  EXPECT_NE(made.decisions[0].key, made.decisions[1].key);
  EXPECT_THAT(told(made), ElementsAre("fetch is-new", "fetch is-new"));
}

TEST_F(PlanTest, AMessageWithAWeakHeadIsNotTheOneThatIsGone) {
  listing_.unique_ids = false;
  policy_.mode = Mode::remove;
  list("");
  top(1, "same", false);
  Record& gone = know(key_of_head(head_of("same", false), Octets{100}, 1), Standing::whole);
  gone.identity = head_of("same", false);
  gone.gone = start;
  const Plan made = plan();
  EXPECT_THAT(told(made), ElementsAre("fetch+delete is-new"));
  EXPECT_EQ(made.decisions[0].key, key_of_head(head_of("same", false), Octets{100}, 2));
}

TEST_F(PlanTest, FetchesAllWhenThereIsNeitherUidlNorTop) {
  listing_.unique_ids = false;
  policy_.mode = Mode::remove;
  list("");
  top_fails(1);
  EXPECT_THAT(told(plan()), ElementsAre("fetch+delete no-identity"));
  policy_.mode = Mode::keep;
  EXPECT_THAT(plan().remarks, testing::Contains(HasSubstr("neither UIDL nor TOP")));
}

TEST_F(PlanTest, DoesNothingWhenUidlFailsThatWorkedBefore) {
  policy_.mode = Mode::remove;
  know("a", Standing::whole);
  listing_.unique_ids = false;
  list("");
  const Plan made = plan();
  EXPECT_THAT(told(made), ElementsAre("- no-unique-ids-today"));
  EXPECT_EQ(after(made), known_);
}

TEST_F(PlanTest, TellsDuplicateUniqueIdsApartByHeads) {
  list("same", 1);
  list("same", 2);
  list("other", 3);
  EXPECT_THAT(needed(plan()), ElementsAre(1, 2));
  top(1, "a");
  top(2, "b");
  const Plan made = plan();
  EXPECT_THAT(told(made), ElementsAre("fetch is-new", "fetch is-new", "fetch is-new"));
  EXPECT_THAT(made.remarks, ElementsAre(HasSubstr("1 unique-id to more than one message")));
}

TEST_F(PlanTest, KnowsTheFirstOwnerOfAUniqueIdThatIsGivenTwice) {
  know("same", Standing::whole, 100).identity = head_of("a");
  know("b", Standing::whole);
  know("c", Standing::whole);
  list("same", 100);
  list("same", 100);
  list("b");
  list("c");
  top(1, "x");
  top(2, "a");
  EXPECT_THAT(told(plan()), ElementsAre("fetch is-new", "- delivered", "- delivered", "- delivered"));
}

TEST_F(PlanTest, TellsUnusableUniqueIdsApartByHeads) {
  list("with space");
  list(std::string(limits::remote_unique_id_octets_max + 1, 'x'));
  list("");
  list("good");
  EXPECT_THAT(needed(plan()), ElementsAre(1, 2, 3));
}

TEST_F(PlanTest, ChecksNumbersForUniqueIdsByTheHighestThatIsKnown) {
  know("1", Standing::whole);
  know("2", Standing::whole);
  for (const char* id : {"1", "2", "3"}) list(id);
  EXPECT_THAT(needed(plan()), ElementsAre(2));
  top(2, "2");
  EXPECT_THAT(told(plan()), ElementsAre("- delivered", "- delivered", "fetch is-new"));
  EXPECT_EQ(plan().unique_ids, UniqueIds::trusted);
}

TEST_F(PlanTest, SeesThroughUniqueIdsThatAreMessageNumbers) {
  policy_.mode = Mode::remove;
  for (const char* key : {"1", "2", "3"}) know(key, Standing::whole);
  for (const char* id : {"1", "2", "3"}) list(id);  // the first has gone, all have moved up, a new one came
  top(3, "4");
  EXPECT_THAT(needed(plan()), ElementsAre(1, 2));
  top(1, "2");
  top(2, "3");
  const Plan made = plan();
  EXPECT_EQ(made.unique_ids, UniqueIds::message_numbers);
  EXPECT_THAT(told(made),
              ElementsAre("delete delivered-so-deleted", "delete delivered-so-deleted", "fetch+delete is-new"));
  known_ = after(made);
  unique_ids_ = made.unique_ids;
  EXPECT_EQ(plan().unique_ids, UniqueIds::message_numbers);
}

TEST_F(PlanTest, KnowsWhatGetmailKeptWithAnotherCharacter) {
  know("ab-cd-ef", Standing::imported).octets = std::nullopt;
  list("ab/cd/ef");
  const Plan made = plan();
  EXPECT_THAT(told(made), ElementsAre("- fetched-by-other-program"));
  EXPECT_THAT(keys_after(made), ElementsAre("ab/cd/ef"));
}

TEST_F(PlanTest, ExplainsInWords) {
  policy_.mode = Mode::remove;
  list("a", 1234567);
  EXPECT_EQ(explain(plan().decisions[0]),
            "message 1 (1,234,567 octets) is fetched, then deleted on the server: it is new");
}

TEST(Reason, EveryOneHasACodeOfItsOwn) {
  for (int i = 0; i <= static_cast<int>(Reason::deleted_locally); ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_EQ(reason_of(code(reason)), reason) << i;
    EXPECT_FALSE(words(reason).empty());
  }
  EXPECT_EQ(reason_of("no such code"), Reason::none);
}

}  // namespace
}  // namespace fermo::fetch
