#include <set>

#include "base/limits.h"
#include "conformance/store_conformance.h"
#include "conformance/store_helpers.h"
#include "maildrop/error.h"

namespace fermo::conformance {
namespace {

using maildrop::Error;

TEST_P(StoreConformance, ADropThatNeverHadAMessageOpensEmpty) {
  const auto snapshot = value_of(store().open(drop("nobody")));
  EXPECT_EQ(snapshot->drop_listing(), mail::DropListing{});
  EXPECT_TRUE(whole_listing(*snapshot).empty());
  EXPECT_EQ(snapshot->read(MessageNumber::at_index(0)).error(), Error::no_such_message);
}

TEST_P(StoreConformance, AMessageComesBackOctetForOctet) {
  const std::string wire = wire_message(1, 20'000);
  const mail::UniqueId unique_id = deliver(store(), wire, "anna");
  const auto snapshot = value_of(store().open(drop("anna")));
  const auto listing = whole_listing(*snapshot);
  ASSERT_EQ(listing.size(), 1u);
  EXPECT_EQ(listing[0].unique_id, unique_id);
  EXPECT_EQ(listing[0].octets, summary_of(wire).octets);
  EXPECT_EQ(snapshot->drop_listing(), (mail::DropListing{1, summary_of(wire).octets}));
  EXPECT_EQ(read(*snapshot, 1), wire);
}

TEST_P(StoreConformance, AMessageOfNoOctetsIsAMessage) {
  deliver(store(), "", "anna");
  EXPECT_EQ(drop_listing(store(), "anna"), (mail::DropListing{1, Octets{0}}));
  EXPECT_EQ(contents(store(), "anna"), std::vector<std::string>{""});
}

TEST_P(StoreConformance, EverySizeAroundThePieceComesBack) {
  const std::size_t piece = limits::message_piece_octets_max;
  std::vector<std::string> expected;
  for (const std::size_t octets : {std::size_t{2}, std::size_t{4095}, std::size_t{4096}, piece - 1, piece, piece + 1,
                                   2 * piece - 1, 2 * piece, 2 * piece + 1, 5 * piece}) {
    expected.push_back(wire_message(octets, octets));
    deliver(store(), expected.back(), "anna");
  }
  EXPECT_EQ(contents(store(), "anna"), expected);
}

TEST_P(StoreConformance, PiecesMayBeCutAnywhere) {
  const std::string wire = wire_message(3, 200'000);
  auto delivery = value_of(store().begin_delivery());
  std::size_t cut = 1;
  for (std::size_t at = 0; at < wire.size();) {
    done(delivery->append(wire.substr(at, cut)));
    at += cut;
    cut = cut * 7 % limits::message_piece_octets_max + 1;
  }
  done(delivery->append(""));
  const std::vector recipients{recipient("anna")};
  value_of(delivery->finish(summary_of(wire), recipients, Timestamp{}));
  EXPECT_EQ(contents(store(), "anna"), std::vector{wire});
}

TEST_P(StoreConformance, EveryOctetValuePassesUnchanged) {
  std::string wire = "Subject: octets\r\n\r\n";
  for (int octet = 0; octet < 256; ++octet) wire += static_cast<char>(octet);
  wire += "\r\n";
  deliver(store(), wire, "anna");
  EXPECT_EQ(contents(store(), "anna"), std::vector{wire});
}

TEST_P(StoreConformance, TraceFieldsGoBeforeTheMessageOfTheirRecipientAndAreCounted) {
  const std::string wire = wire_message(4, 70'000);
  const std::string for_anna = "Delivered-To: anna\r\n";
  const std::string for_bert = "Delivered-To: bert\r\nX-Long: " + std::string(3000, 'x') + "\r\n";
  const auto ids =
      deliver(store(), wire, {recipient("anna", for_anna), recipient("bert", for_bert), recipient("carl")});
  ASSERT_EQ(ids.size(), 3u);
  EXPECT_EQ(contents(store(), "anna"), std::vector{for_anna + wire});
  EXPECT_EQ(contents(store(), "bert"), std::vector{for_bert + wire});
  EXPECT_EQ(contents(store(), "carl"), std::vector{wire});
  EXPECT_EQ(drop_listing(store(), "bert"), (mail::DropListing{1, summary_of(for_bert + wire).octets}));
}

TEST_P(StoreConformance, TraceFieldsBeforeAMessageOfNoOctets) {
  deliver(store(), "", {recipient("anna", "Delivered-To: anna\r\n")});
  EXPECT_EQ(contents(store(), "anna"), std::vector<std::string>{"Delivered-To: anna\r\n"});
}

TEST_P(StoreConformance, TheSameDropNamedTwiceGetsTwoMessages) {
  const std::string wire = wire_message(5, 100'000);
  const auto ids =
      deliver(store(), wire, {recipient("anna", "X: 1\r\n"), recipient("bert"), recipient("anna", "X: 2\r\n")});
  ASSERT_EQ(ids.size(), 3u);
  EXPECT_NE(ids[0], ids[2]);
  EXPECT_EQ(contents(store(), "anna"), (std::vector{"X: 1\r\n" + wire, "X: 2\r\n" + wire}));
  EXPECT_EQ(contents(store(), "bert"), std::vector{wire});
}

TEST_P(StoreConformance, AThousandRecipientsGetOneMessageEach) {
  std::vector<maildrop::Recipient> recipients;
  for (std::size_t n = 0; n < limits::recipients_max; ++n) recipients.push_back(recipient("user" + std::to_string(n)));
  const std::string wire = wire_message(6, 30'000);
  const auto ids = deliver(store(), wire, recipients);
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), recipients.size());
  for (const std::string name : {"user0", "user500", "user999"}) EXPECT_EQ(contents(store(), name), std::vector{wire});
}

TEST_P(StoreConformance, OneRefusedRecipientRefusesAll) {
  deliver(store(), wire_message(7, 100), {recipient("bert", "", "known")});
  const auto refused = try_deliver(store(), wire_message(8, 150'000),
                                   {recipient("anna"), recipient("bert", "", "known"), recipient("carl")});
  EXPECT_EQ(refused.error(), Error::duplicate);
  EXPECT_EQ(drop_listing(store(), "anna").messages, 0u);
  EXPECT_EQ(drop_listing(store(), "bert").messages, 1u);
  EXPECT_EQ(drop_listing(store(), "carl").messages, 0u);
}

TEST_P(StoreConformance, ADeliveryThatIsGivenUpLeavesNothing) {
  for (const std::size_t octets : {std::size_t{100}, std::size_t{300'000}}) {
    auto delivery = value_of(store().begin_delivery());
    for (std::size_t at = 0; at < octets; at += 50'000) done(delivery->append(wire_message(9, 50'000)));
  }
  EXPECT_EQ(drop_listing(store(), "anna").messages, 0u);
  value_of(store().sweep());
  EXPECT_EQ(value_of(store().sweep()).bodies_removed, 0u);
}

TEST_P(StoreConformance, ASweepLeavesADeliveryUnderWayAlone) {
  const std::string wire = wire_message(10, 300'000);
  auto delivery = value_of(store().begin_delivery());
  for (std::size_t at = 0; at < wire.size(); at += 60'000) {
    done(delivery->append(std::string_view(wire).substr(at, 60'000)));
    value_of(store().sweep());
  }
  const std::vector recipients{recipient("anna")};
  value_of(delivery->finish(summary_of(wire), recipients, Timestamp{}));
  value_of(store().sweep());
  EXPECT_EQ(contents(store(), "anna"), std::vector{wire});
}

TEST_P(StoreConformance, ASummaryThatDoesNotFitWhatWasAppendedIsRefused) {
  auto delivery = value_of(store().begin_delivery());
  done(delivery->append("Subject: x\r\n\r\n"));
  mail::WireSummary summary = summary_of("Subject: x\r\n\r\n");
  summary.wire_octets.value += 1;
  const std::vector recipients{recipient("anna")};
  EXPECT_TRUE(delivery->finish(summary, recipients, Timestamp{}).has_error());
  EXPECT_EQ(drop_listing(store(), "anna").messages, 0u);
}

TEST_P(StoreConformance, TraceFieldsBeyondTheLimitAreRefused) {
  const std::string too_long(limits::trace_fields_octets_max + 1, 'x');
  EXPECT_TRUE(try_deliver(store(), wire_message(11, 50), {recipient("anna", too_long)}).has_error());
  EXPECT_EQ(drop_listing(store(), "anna").messages, 0u);
}

TEST_P(StoreConformance, DropNamesThatBeginAlikeStayApart) {
  for (const std::string name : {"a", "aa", "a/b", "a@b", "A", "\xc3\xa4"})
    deliver(store(), "X: " + name + "\r\n", name);
  for (const std::string name : {"a", "aa", "a/b", "a@b", "A", "\xc3\xa4"}) {
    EXPECT_EQ(contents(store(), name), std::vector{"X: " + name + "\r\n"});
  }
}

}  // namespace
}  // namespace fermo::conformance
