#include "fetch/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "fetch/plan_harness.h"

/// What the policy makes of a listing, and what a listing may not make forgotten.
namespace fermo::fetch {
namespace {

using std::chrono::days;
using testing::ElementsAre;
using testing::HasSubstr;

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
