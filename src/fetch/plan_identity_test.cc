#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/limits.h"
#include "fetch/message_key.h"
#include "fetch/plan_harness.h"

/// Which message is which: on servers that were moved, without UIDL, or with unique-ids that are none.
namespace fermo::fetch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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

/// So many that a test would be ended before each of them has been held against all records.
constexpr std::uint64_t very_many = 200'000;

std::ptrdiff_t known_in(const Plan& plan) {
  return std::ranges::count(plan.decisions, Reason::delivered, &Decision::reason);
}

TEST_F(PlanTest, KnowsVeryManyMessagesOfOneUniqueIdAndOneHead) {
  const HeadIdentity same = head_of("a");
  for (std::uint64_t i = 1; i <= very_many; ++i) {
    list("same");
    Record& gone = know(key_of_head(same, Octets{100}, i), Standing::skipped);
    gone.standing = Standing::whole;
    gone.gone = start;
    heads_[listing_.messages.back().number] = same;
  }
  const Plan made = plan();
  EXPECT_EQ(known_in(made), very_many);
  EXPECT_EQ(made.decisions.back().key, known_.back().key);
}

TEST_F(PlanTest, KnowsVeryManyMovedMessagesOfOneHead) {
  const HeadIdentity same = head_of("a");
  for (std::uint64_t i = 1; i <= very_many; ++i) {
    Record& moved = know(std::to_string(i), Standing::skipped);
    moved.standing = Standing::whole;
    moved.identity = same;
    list("new-" + std::to_string(i), 101);
    heads_[listing_.messages.back().number] = same;
  }
  EXPECT_EQ(known_in(plan()), very_many);
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

TEST_F(PlanTest, FetchesWhatHasTheNumberOfAMessageThatCannotBeComparedButOtherOctets) {
  policy_.mode = Mode::remove;
  policy_.remove_imported = true;
  know("1", Standing::skipped);
  know("2", Standing::imported);
  know("3", Standing::imported).deletion_asked = start;
  know("4", Standing::refused);
  know("5", Standing::whole).identity = std::nullopt;
  for (const char* id : {"1", "2", "3", "4", "5"}) list(id, 111);  // the first has gone, all have moved up
  const Plan made = plan();
  EXPECT_THAT(needed(made), IsEmpty());
  EXPECT_THAT(told(made), testing::Each("fetch+delete new-under-known-id"));
  known_ = after(made);
  EXPECT_THAT(keys_after(made), ElementsAre("1", "2", "3", "4", "5"));
  EXPECT_EQ(known_[0].generation, 1u);
  EXPECT_EQ(known_[0].standing, Standing::waiting);
}

TEST_F(PlanTest, LeavesWhatHasANumberForUniqueIdAndTheOctetsItHad) {
  know("1", Standing::skipped);
  know("2", Standing::imported);
  know("3", Standing::imported).octets = std::nullopt;
  for (const char* id : {"1", "2", "3"}) list(id);
  EXPECT_THAT(told(plan()),
              ElementsAre("- before-first-run", "- fetched-by-other-program", "- fetched-by-other-program"));
}

TEST_F(PlanTest, NeverDeletesUnfetchedByAMessageNumber) {
  policy_.mode = Mode::remove;
  policy_.remove_imported = true;
  know("1", Standing::imported).octets = std::nullopt;
  know("2", Standing::imported);
  Record& asked = know("3", Standing::imported);
  asked.octets = std::nullopt;
  asked.deletion_asked = start;
  know("4", Standing::imported).deletion_asked = start;
  for (const char* id : {"1", "2", "3", "4"}) list(id);
  EXPECT_THAT(told(plan()), ElementsAre("- fetched-by-other-program", "- fetched-by-other-program",
                                        "fetch+delete new-under-known-id", "fetch+delete new-under-known-id"));
}

TEST_F(PlanTest, KnowsWhatCannotBeComparedByAnOrdinaryUniqueIdWhateverItsOctets) {
  policy_.mode = Mode::remove;
  policy_.remove_imported = true;
  know("1", Standing::skipped);
  know("2", Standing::imported).deletion_asked = start;
  list("1", 111);
  list("2", 111);
  list("x");  // so the others are no numbers, but unique-ids that look like them
  EXPECT_THAT(told(plan()), ElementsAre("- before-first-run", "delete deletion-did-not-hold", "fetch+delete is-new"));
}

TEST_F(PlanTest, KnowsWhatGetmailKeptWithAnotherCharacter) {
  know("ab-cd-ef", Standing::imported).octets = std::nullopt;
  list("ab/cd/ef");
  const Plan made = plan();
  EXPECT_THAT(told(made), ElementsAre("- fetched-by-other-program"));
  EXPECT_THAT(keys_after(made), ElementsAre("ab/cd/ef"));
}

}  // namespace
}  // namespace fermo::fetch
