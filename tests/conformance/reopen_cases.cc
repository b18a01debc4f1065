#include "base/limits.h"
#include "conformance/store_conformance.h"
#include "conformance/store_helpers.h"

namespace fermo::conformance {
namespace {

TEST_P(StoreConformance, EverythingIsThereAfterReopening) {
  const std::vector<std::size_t> sizes{0, 2, 500, 20'000, 70'000, 300'000};
  std::vector<std::string> anna;
  for (const std::size_t octets : sizes) {
    const std::string wire = wire_message(octets, octets);
    deliver(store(), wire, {recipient("anna", "X: a\r\n"), recipient("bert")});
    anna.push_back("X: a\r\n" + wire);
  }
  const auto bert = contents(store(), "bert");
  for (int round = 0; round < 3; ++round) {
    reopen();
    EXPECT_EQ(contents(store(), "anna"), anna);
    EXPECT_EQ(contents(store(), "bert"), bert);
    EXPECT_EQ(drop_listing(store(), "anna"), value_of(store().recount(drop("anna"))));
  }
}

TEST_P(StoreConformance, MessagesAfterReopeningComeAfterThoseBefore) {
  std::vector<std::string> expected;
  for (std::uint64_t n = 0; n < 10; ++n) {
    expected.push_back(wire_message(n, 60));
    deliver(store(), expected.back(), "anna");
    reopen();
  }
  EXPECT_EQ(contents(store(), "anna"), expected);
}

TEST_P(StoreConformance, DropsAreListedInOrderAndInPages) {
  std::vector<std::string> names;
  for (int n = 100; n < 140; ++n) names.push_back("user" + std::to_string(n));
  for (const std::string& name : names) deliver(store(), wire_message(name.size(), 100), name);
  erase_all(store(), "user105");
  reopen();

  std::vector<std::string> listed;
  std::optional<DropId> after;
  for (;;) {
    const auto page = value_of(store().list_drops(after, 7));
    for (const auto& summary : page) {
      EXPECT_EQ(summary.listing, drop_listing(store(), summary.drop.text()));
      if (summary.listing.messages > 0) listed.push_back(summary.drop.text());
    }
    if (page.empty()) break;
    EXPECT_LE(page.size(), 7u);
    after = page.back().drop;
  }
  std::erase(names, "user105");
  EXPECT_EQ(listed, names);
}

TEST_P(StoreConformance, AnEmptyStoreListsNoDrops) {
  EXPECT_TRUE(value_of(store().list_drops(std::nullopt, 10)).empty());
  EXPECT_TRUE(value_of(store().list_drops(drop("x"), 10)).empty());
  EXPECT_EQ(value_of(store().recount(drop("x"))), mail::DropListing{});
}

}  // namespace
}  // namespace fermo::conformance
