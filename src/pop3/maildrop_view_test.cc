#include "pop3/maildrop_view.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace fermo::pop3 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto page_count = limits::scan_listings_at_once_max;

MessageNumber number(std::uint64_t value) {
  return *MessageNumber::from(value);
}

mail::ScanListing listing(const std::string& unique_id, std::uint64_t octets) {
  return {.unique_id = *mail::UniqueId::from(unique_id), .octets = {octets}};
}

std::vector<mail::ScanListing> listings(std::size_t count) {
  return std::vector<mail::ScanListing>(count, listing("u", 10));
}

TEST(MaildropView, HoldsWhatWasThereAtLogin) {
  const MaildropView view({.messages = 2, .octets = {320}});
  EXPECT_TRUE(view.holds(number(1)));
  EXPECT_TRUE(view.holds(number(2)));
  EXPECT_FALSE(view.holds(number(3)));
  EXPECT_FALSE(view.holds(number(18446744073709551615U)));
  EXPECT_EQ(view.drop_listing(), (mail::DropListing{.messages = 2, .octets = {320}}));
}

TEST(MaildropView, SubtractsWhatIsMarkedAndPutsItBack) {
  MaildropView view({.messages = 3, .octets = {600}});
  view.mark(number(3), {100});
  view.mark(number(1), {200});
  EXPECT_TRUE(view.is_marked(number(1)));
  EXPECT_FALSE(view.is_marked(number(2)));
  EXPECT_THAT(view.marked(), ElementsAre(number(1), number(3)));
  EXPECT_EQ(view.drop_listing(), (mail::DropListing{.messages = 1, .octets = {300}}));
  view.unmark_all();
  EXPECT_FALSE(view.any_marked());
  EXPECT_THAT(view.marked(), IsEmpty());
  EXPECT_TRUE(view.holds(number(3)));
  EXPECT_EQ(view.drop_listing(), (mail::DropListing{.messages = 3, .octets = {600}}));
}

TEST(MaildropView, CountsOctetsBeyondFourGigabytes) {
  MaildropView view({.messages = 2, .octets = {10'000'000'000}});
  view.mark(number(1), {5'000'000'001});
  EXPECT_EQ(view.drop_listing().octets, Octets{4'999'999'999});
}

TEST(MaildropView, NeverWrapsWhenAStoreMiscounted) {
  MaildropView view({.messages = 2, .octets = {10}});
  view.mark(number(1), {11});
  EXPECT_EQ(view.drop_listing().octets, Octets{0});
}

TEST(MaildropView, CutsTheMaildropIntoPages) {
  const MaildropView view({.messages = page_count + 2, .octets = {}});
  const MaildropView::Page first{.first = number(1), .count = page_count};
  const MaildropView::Page second{.first = number(page_count + 1), .count = 2};
  EXPECT_EQ(view.page_of(number(1)), first);
  EXPECT_EQ(view.page_of(number(page_count)), first);
  EXPECT_EQ(view.page_of(number(page_count + 1)), second);
  EXPECT_EQ(view.page_of(number(page_count + 2)), second);
}

TEST(MaildropView, KeepsOnePage) {
  MaildropView view({.messages = page_count + 2, .octets = {}});
  EXPECT_EQ(view.find(number(1)), nullptr);
  ASSERT_TRUE(view.keep(view.page_of(number(page_count + 1)), {listing("a", 7), listing("b", 8)}));
  ASSERT_NE(view.find(number(page_count + 2)), nullptr);
  EXPECT_EQ(*view.find(number(page_count + 2)), listing("b", 8));
  EXPECT_EQ(view.find(number(1)), nullptr);
  ASSERT_TRUE(view.keep(view.page_of(number(1)), listings(page_count)));
  EXPECT_NE(view.find(number(1)), nullptr);
  EXPECT_EQ(view.find(number(page_count + 1)), nullptr);
}

TEST(MaildropView, RefusesAPageThatDoesNotMatch) {
  MaildropView view({.messages = 3, .octets = {}});
  EXPECT_FALSE(view.keep(view.page_of(number(1)), listings(2)));
  EXPECT_FALSE(view.keep(view.page_of(number(1)), listings(4)));
  EXPECT_EQ(view.find(number(1)), nullptr);
}

}  // namespace
}  // namespace fermo::pop3
