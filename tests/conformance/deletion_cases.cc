#include "conformance/store_conformance.h"
#include "conformance/store_helpers.h"
#include "maildrop/error.h"

namespace fermo::conformance {
namespace {

using maildrop::Error;

TEST_P(StoreConformance, DeletedMessagesAreGoneFromTheNextSession) {
  std::vector<std::string> wires;
  for (std::uint64_t n = 0; n < 6; ++n) {
    wires.push_back(wire_message(n, 90'000));
    deliver(store(), wires.back(), "anna");
  }
  erase(store(), "anna", {1, 3, 6});
  EXPECT_EQ(contents(store(), "anna"), (std::vector{wires[1], wires[3], wires[4]}));
  EXPECT_EQ(drop_listing(store(), "anna"), value_of(store().recount(drop("anna"))));
  EXPECT_EQ(drop_listing(store(), "anna").messages, 3u);
}

TEST_P(StoreConformance, TwoSessionsThatDeleteTheSameMessageCountItOnce) {
  for (std::uint64_t n = 0; n < 4; ++n) deliver(store(), wire_message(n, 1000), "anna");
  const auto one = value_of(store().open(drop("anna")));
  const auto two = value_of(store().open(drop("anna")));
  done(one->commit_deletions(numbers({1, 2})));
  done(two->commit_deletions(numbers({2, 3})));
  done(two->commit_deletions(numbers({2, 3})));
  EXPECT_EQ(drop_listing(store(), "anna"), (mail::DropListing{1, summary_of(wire_message(3, 1000)).octets}));
  EXPECT_EQ(drop_listing(store(), "anna"), value_of(store().recount(drop("anna"))));
}

TEST_P(StoreConformance, RepeatedNumbersCountOnce) {
  for (std::uint64_t n = 0; n < 3; ++n) deliver(store(), wire_message(n, 1000), "anna");
  erase(store(), "anna", {2, 2, 2, 1, 2});
  EXPECT_EQ(contents(store(), "anna"), std::vector{wire_message(2, 1000)});
  EXPECT_EQ(drop_listing(store(), "anna"), value_of(store().recount(drop("anna"))));
}

TEST_P(StoreConformance, ANumberThatIsNotThereDeletesNothing) {
  for (std::uint64_t n = 0; n < 3; ++n) deliver(store(), wire_message(n, 1000), "anna");
  const auto snapshot = value_of(store().open(drop("anna")));
  EXPECT_EQ(snapshot->commit_deletions(numbers({1, 4})).error(), Error::no_such_message);
  EXPECT_EQ(drop_listing(store(), "anna").messages, 3u);
  EXPECT_EQ(value_of(store().open(drop("nobody")))->commit_deletions(numbers({1})).error(), Error::no_such_message);
}

TEST_P(StoreConformance, DeletingNothingIsDone) {
  deliver(store(), wire_message(1, 1000), "anna");
  erase(store(), "anna", {});
  EXPECT_EQ(drop_listing(store(), "anna").messages, 1u);
}

TEST_P(StoreConformance, ASharedBodyLivesUntilItsLastRecipientDeletesIt) {
  const std::string wire = wire_message(1, 180'000);
  deliver(store(), wire, {recipient("anna"), recipient("bert"), recipient("anna", "X: 2\r\n"), recipient("carl")});
  erase(store(), "anna", {1});
  EXPECT_EQ(contents(store(), "anna"), std::vector{"X: 2\r\n" + wire});
  erase(store(), "bert", {1});
  EXPECT_EQ(contents(store(), "carl"), std::vector{wire});
  erase(store(), "anna", {1});
  value_of(store().sweep());
  reopen();
  EXPECT_EQ(contents(store(), "carl"), std::vector{wire});
  erase(store(), "carl", {1});
  for (const std::string name : {"anna", "bert", "carl"}) EXPECT_TRUE(contents(store(), name).empty());
}

TEST_P(StoreConformance, DeletionsOfOneDropLeaveTheOthersAlone) {
  deliver(store(), wire_message(1, 1000), "anna");
  deliver(store(), wire_message(2, 1000), "anna2");
  erase_all(store(), "anna");
  EXPECT_EQ(contents(store(), "anna2"), std::vector{wire_message(2, 1000)});
}

TEST_P(StoreConformance, DeletionsAreStillThereAfterReopening) {
  for (std::uint64_t n = 0; n < 5; ++n) deliver(store(), wire_message(n, 1000), "anna");
  erase(store(), "anna", {2, 4});
  reopen();
  EXPECT_EQ(contents(store(), "anna"),
            (std::vector{wire_message(0, 1000), wire_message(2, 1000), wire_message(4, 1000)}));
  EXPECT_EQ(drop_listing(store(), "anna"), value_of(store().recount(drop("anna"))));
}

}  // namespace
}  // namespace fermo::conformance
