#include <set>

#include "base/limits.h"
#include "conformance/store_conformance.h"
#include "conformance/store_helpers.h"
#include "maildrop/error.h"

namespace fermo::conformance {
namespace {

using maildrop::Error;

TEST_P(StoreConformance, UniqueIdsAreNeverReusedNotEvenAfterReopeningAnEmptiedDrop) {
  std::set<mail::UniqueId> seen;
  for (int round = 0; round < 5; ++round) {
    for (int n = 0; n < 20; ++n) {
      EXPECT_TRUE(seen.insert(deliver(store(), wire_message(1, 50), "anna")).second);
    }
    erase_all(store(), "anna");
    reopen();
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST_P(StoreConformance, UniqueIdsStayAcrossSessionsAndReopening) {
  std::vector<mail::UniqueId> given;
  for (std::uint64_t n = 0; n < 10; ++n) given.push_back(deliver(store(), wire_message(n, 50), "anna"));
  const auto seen = [this] {
    std::vector<mail::UniqueId> ids;
    for (const auto& message : whole_listing(*value_of(store().open(drop("anna"))))) ids.push_back(message.unique_id);
    return ids;
  };
  EXPECT_EQ(seen(), given);
  reopen();
  EXPECT_EQ(seen(), given);
}

TEST_P(StoreConformance, AnImportedUniqueIdIsKept) {
  const std::string longest(70, '~');
  deliver(store(), wire_message(1, 50), {recipient("anna", "", "!")});
  deliver(store(), wire_message(2, 50), "anna");
  const auto ids = deliver(store(), wire_message(3, 50), {recipient("anna", "", longest)});
  EXPECT_EQ(ids.at(0).text(), longest);
  reopen();
  const auto listing = whole_listing(*value_of(store().open(drop("anna"))));
  ASSERT_EQ(listing.size(), 3u);
  EXPECT_EQ(listing[0].unique_id.text(), "!");
  EXPECT_EQ(listing[2].unique_id.text(), longest);
}

TEST_P(StoreConformance, AnImportedUniqueIdIsRefusedWhileHeldAndAfterDeletion) {
  deliver(store(), wire_message(1, 50), {recipient("anna", "", "x-1")});
  EXPECT_EQ(try_deliver(store(), wire_message(2, 50), {recipient("anna", "", "x-1")}).error(), Error::duplicate);
  erase_all(store(), "anna");
  EXPECT_EQ(try_deliver(store(), wire_message(2, 50), {recipient("anna", "", "x-1")}).error(), Error::duplicate);
  reopen();
  EXPECT_EQ(try_deliver(store(), wire_message(2, 50), {recipient("anna", "", "x-1")}).error(), Error::duplicate);
  EXPECT_EQ(drop_listing(store(), "anna").messages, 0u);
}

TEST_P(StoreConformance, AnImportedUniqueIdTwiceInOneDeliveryIsRefused) {
  const auto refused =
      try_deliver(store(), wire_message(1, 50), {recipient("anna", "", "x-1"), recipient("anna", "", "x-1")});
  EXPECT_EQ(refused.error(), Error::duplicate);
  EXPECT_EQ(drop_listing(store(), "anna").messages, 0u);
  deliver(store(), wire_message(1, 50), {recipient("anna", "", "x-1"), recipient("anna", "", "x-2")});
}

TEST_P(StoreConformance, TheSameImportedUniqueIdMayStandInTwoDrops) {
  deliver(store(), wire_message(1, 50), {recipient("anna", "", "x-1"), recipient("bert", "", "x-1")});
  EXPECT_EQ(drop_listing(store(), "anna").messages, 1u);
  EXPECT_EQ(drop_listing(store(), "bert").messages, 1u);
}

TEST_P(StoreConformance, AnImportedUniqueIdThatTheStoreItselfGaveIsRefused) {
  const mail::UniqueId own = deliver(store(), wire_message(1, 50), "anna");
  EXPECT_EQ(try_deliver(store(), wire_message(2, 50), {recipient("anna", "", own.text())}).error(), Error::duplicate);
  const auto moved = deliver(store(), wire_message(2, 50), {recipient("bert", "", own.text())});
  EXPECT_EQ(moved.at(0), own);
}

TEST_P(StoreConformance, ImportedUniqueIdsAreListedAfterDeletionToo) {
  EXPECT_TRUE(value_of(store().list_imported(drop("anna"), std::nullopt, 10)).empty());
  for (const char* id : {"b", "c", "a"}) deliver(store(), wire_message(1, 50), {recipient("anna", "", id)});
  deliver(store(), wire_message(2, 50), "anna");
  deliver(store(), wire_message(3, 50), {recipient("ann", "", "d"), recipient("annaa", "", "e")});
  const auto listed = [this](const char* after, std::size_t count) {
    std::string all;
    const auto last = mail::UniqueId::from(after);
    for (const auto& id : value_of(store().list_imported(drop("anna"), last, count))) all += id.text() + " ";
    return all;
  };
  EXPECT_EQ(listed("", 10), "a b c ");
  EXPECT_EQ(listed("", 2), "a b ");
  EXPECT_EQ(listed("a", 1), "b ");
  EXPECT_EQ(listed("c", 10), "");
  EXPECT_EQ(listed("", 0), "");
  erase_all(store(), "anna");
  reopen();
  EXPECT_EQ(listed("aa", 10), "b c ");
}

TEST_P(StoreConformance, ImportedUniqueIdsAreListedInPages) {
  constexpr std::size_t many = limits::scan_listings_at_once_max + 3;
  for (std::size_t n = 0; n < many; ++n) {
    deliver(store(), wire_message(1, 50), {recipient("anna", "", "x" + std::to_string(1000 + n))});
  }
  const auto first = value_of(store().list_imported(drop("anna"), std::nullopt, many));
  ASSERT_EQ(first.size(), limits::scan_listings_at_once_max);
  const auto rest = value_of(store().list_imported(drop("anna"), first.back(), many));
  ASSERT_EQ(rest.size(), 3u);
  EXPECT_EQ(rest.back().text(), "x" + std::to_string(1000 + many - 1));
}

}  // namespace
}  // namespace fermo::conformance
