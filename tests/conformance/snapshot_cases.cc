#include "base/limits.h"
#include "conformance/store_conformance.h"
#include "conformance/store_helpers.h"
#include "maildrop/error.h"

namespace fermo::conformance {
namespace {

using maildrop::Error;

TEST_P(StoreConformance, MessagesAreNumberedByArrival) {
  std::vector<std::string> expected;
  for (std::uint64_t n = 0; n < 30; ++n) {
    expected.push_back(wire_message(n, 100 + n));
    deliver(store(), expected.back(), "anna");
  }
  EXPECT_EQ(contents(store(), "anna"), expected);
}

TEST_P(StoreConformance, NewArrivalsAreInvisibleToAnOpenSession) {
  deliver(store(), wire_message(1, 100), "anna");
  const auto before_listing = value_of(store().open(drop("anna")));
  const auto after_listing = value_of(store().open(drop("anna")));
  EXPECT_EQ(whole_listing(*after_listing).size(), 1u);
  deliver(store(), wire_message(2, 100), "anna");
  for (const auto& snapshot : {before_listing.get(), after_listing.get()}) {
    EXPECT_EQ(snapshot->drop_listing().messages, 1u);
    EXPECT_EQ(whole_listing(*snapshot).size(), 1u);
    EXPECT_EQ(snapshot->read(MessageNumber::at_index(1)).error(), Error::no_such_message);
  }
  EXPECT_EQ(drop_listing(store(), "anna").messages, 2u);
}

TEST_P(StoreConformance, WhatAnotherSessionDeletesStaysReadableToTheEnd) {
  std::vector<std::string> expected;
  for (std::uint64_t n = 0; n < 5; ++n) {
    expected.push_back(wire_message(n, 40'000 * (n + 1)));
    deliver(store(), expected.back(), "anna");
  }
  const auto loaded = value_of(store().open(drop("anna")));
  const auto listing = whole_listing(*loaded);
  const auto not_loaded = value_of(store().open(drop("anna")));
  auto cursor = value_of(loaded->read(MessageNumber::at_index(4)));
  std::string piece;
  ASSERT_TRUE(value_of(cursor->next(piece)));
  std::string half_read = piece;

  erase_all(store(), "anna");
  value_of(store().sweep());
  EXPECT_EQ(drop_listing(store(), "anna"), mail::DropListing{});

  while (value_of(cursor->next(piece))) half_read += piece;
  EXPECT_EQ(half_read, expected[4]);
  for (const auto& snapshot : {loaded.get(), not_loaded.get()}) {
    EXPECT_EQ(snapshot->drop_listing(), counted(listing));
    EXPECT_EQ(whole_listing(*snapshot), listing);
    for (std::size_t n = 0; n < expected.size(); ++n) EXPECT_EQ(read(*snapshot, n + 1), expected[n]);
  }
}

TEST_P(StoreConformance, WhatASessionDeletesItselfStaysReadableInIt) {
  const std::string wire = wire_message(1, 150'000);
  deliver(store(), wire, "anna");
  const auto snapshot = value_of(store().open(drop("anna")));
  done(snapshot->commit_deletions(numbers({1})));
  EXPECT_EQ(read(*snapshot, 1), wire);
  EXPECT_EQ(whole_listing(*snapshot).size(), 1u);
}

TEST_P(StoreConformance, PagesOfTheListingJoinUp) {
  std::vector<maildrop::Recipient> recipients(700, recipient("anna"));
  deliver(store(), wire_message(1, 90), recipients);
  const auto snapshot = value_of(store().open(drop("anna")));
  const auto whole = whole_listing(*snapshot);
  ASSERT_EQ(whole.size(), 700u);
  for (const std::size_t first : {0u, 1u, 511u, 512u, 690u, 699u}) {
    const auto page = value_of(snapshot->scan_listings(MessageNumber::at_index(first), 20));
    ASSERT_EQ(page.size(), std::min<std::size_t>(20, 700 - first));
    EXPECT_TRUE(std::equal(page.begin(), page.end(), whole.begin() + static_cast<std::ptrdiff_t>(first)));
  }
  EXPECT_TRUE(value_of(snapshot->scan_listings(MessageNumber::at_index(700), 20)).empty());
  EXPECT_TRUE(value_of(snapshot->scan_listings(MessageNumber::at_index(0), 0)).empty());
  EXPECT_LE(value_of(snapshot->scan_listings(MessageNumber::at_index(0), 10'000)).size(),
            limits::scan_listings_at_once_max);
  EXPECT_TRUE(value_of(snapshot->scan_listings(*MessageNumber::from(UINT64_MAX), 20)).empty());
  EXPECT_EQ(snapshot->read(*MessageNumber::from(UINT64_MAX)).error(), Error::no_such_message);
}

TEST_P(StoreConformance, SeveralCursorsOfOneSessionDoNotDisturbEachOther) {
  const std::string first = wire_message(1, 200'000);
  const std::string second = wire_message(2, 200'000);
  deliver(store(), first, "anna");
  deliver(store(), second, "anna");
  const auto snapshot = value_of(store().open(drop("anna")));
  auto one = value_of(snapshot->read(MessageNumber::at_index(0)));
  auto two = value_of(snapshot->read(MessageNumber::at_index(1)));
  std::string got_one, got_two, piece;
  bool more = true;
  while (more) {
    more = value_of(one->next(piece));
    if (more) got_one += piece;
    if (value_of(two->next(piece))) got_two += piece;
  }
  EXPECT_EQ(got_one, first);
  EXPECT_EQ(got_two, second);
  EXPECT_FALSE(value_of(one->next(piece)));
}

}  // namespace
}  // namespace fermo::conformance
