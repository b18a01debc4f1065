#include "maildrop_ipc/wire.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace fermo::maildrop_ipc {
namespace {

DropId drop(std::string_view text) {
  return DropId::from(text).value();
}
mail::UniqueId unique_id(std::string_view text) {
  return mail::UniqueId::from(text).value();
}
std::string octets(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text.push_back(static_cast<char>(value));
  return text;
}

std::optional<Request> decoded(const Request& request) {
  const auto [head, rest] = encode(request);
  return decode_request(head, std::string(rest));
}
std::optional<Reply> decoded(const Reply& reply) {
  const auto [head, rest] = encode(reply);
  return decode_reply(head, std::string(rest));
}

const mail::WireSummary summary{Octets{300}, Octets{0x0102030405}, Octets{20}};

std::vector<Request> every_request() {
  std::vector<maildrop::Recipient> recipients;
  recipients.push_back({drop("ann"), "Delivered-To: ann\r\n", unique_id("imported-1")});
  recipients.push_back({drop("bob@example.org"), "", std::nullopt});
  return {request::Hello{},
          request::BeginDelivery{},
          request::Append{std::string("a\0b\r\n", 5)},
          request::AddRecipients{recipients},
          request::Finish{summary, Timestamp(std::chrono::microseconds(-5))},
          request::Open{drop("ann")},
          request::GetScanListings{MessageNumber::at_index(9), limits::scan_listings_at_once_max},
          request::Read{MessageNumber::at_index(1), 0},
          request::Read{MessageNumber::at_index(1), limits::store_ipc_following_max},
          request::NextPiece{7},
          request::CloseCursor{8},
          request::MarkDeletions{{MessageNumber::at_index(0), MessageNumber::at_index(0xffffffffff)}},
          request::CommitDeletions{},
          request::ListDrops{std::nullopt, 3},
          request::ListDrops{drop("ann"), 0},
          request::ListImported{drop("ann"), std::nullopt, 3},
          request::ListImported{drop("ann"), unique_id("a"), 0},
          request::Recount{drop("ann")},
          request::Sweep{},
          request::TakeCheckpoint{}};
}

std::vector<Reply> every_reply() {
  return {reply::Done{},
          reply::Failed{maildrop::Error::unknown},
          reply::Delivered{{unique_id("a"), unique_id("b")}},
          reply::Delivered{},
          reply::Opened{{2, Octets{300}}},
          reply::ScanListings{{{unique_id("a"), Octets{1}}, {unique_id("b"), Octets{2}}}},
          reply::Reading{5, summary, "text", true},
          reply::Reading{5, summary, "", false},
          reply::Reading{0, {Octets{3}, Octets{4}, Octets{2}}, "onetwo", true, {{Octets{2}, Octets{2}, Octets{0}}, {}}},
          reply::Piece{"text", false},
          reply::Piece{{}, true},
          reply::Drops{{{drop("ann"), {1, Octets{2}}}}},
          reply::Imported{{unique_id("a"), unique_id("b")}},
          reply::Imported{},
          reply::Counted{{4, Octets{500}}},
          reply::Swept{{6}},
          reply::CheckpointTaken{"checkpoint-1"}};
}

TEST(Wire, EveryRequestComesBackAsItWas) {
  for (const auto& request : every_request()) {
    const auto back = decoded(request);
    ASSERT_TRUE(back) << request.index();
    EXPECT_EQ(back->index(), request.index());
    EXPECT_EQ(encode(*back), encode(request)) << request.index();
  }
}

TEST(Wire, EveryReplyComesBackAsItWas) {
  for (const auto& reply : every_reply()) {
    const auto back = decoded(reply);
    ASSERT_TRUE(back) << reply.index();
    EXPECT_EQ(back->index(), reply.index());
    EXPECT_EQ(encode(*back), encode(reply)) << reply.index();
  }
}

TEST(Wire, FieldsKeepTheirValues) {
  const auto request = decoded(Request(request::Finish{summary, Timestamp(std::chrono::microseconds(-5))}));
  ASSERT_TRUE(request);
  const auto& finish = std::get<request::Finish>(*request);
  EXPECT_EQ(finish.summary, summary);
  EXPECT_EQ(finish.received_at.time_since_epoch().count(), -5);

  const auto added = decoded(every_request().at(3));
  ASSERT_TRUE(added);
  const auto& recipients = std::get<request::AddRecipients>(*added).recipients;
  ASSERT_EQ(recipients.size(), 2u);
  EXPECT_EQ(recipients[0].drop, drop("ann"));
  EXPECT_EQ(recipients[0].trace_fields, "Delivered-To: ann\r\n");
  EXPECT_EQ(recipients[0].unique_id, unique_id("imported-1"));
  EXPECT_EQ(recipients[1].unique_id, std::nullopt);
}

TEST(Wire, NumbersAreLittleEndian) {
  EXPECT_EQ(encode(Request(request::NextPiece{0x01020304})).head, octets({9, 4, 3, 2, 1}));
}

TEST(Wire, NoPartOfAPayloadIsAPayload) {
  for (const auto& request : every_request()) {
    const auto [head, rest] = encode(request);
    for (std::size_t size = 0; size < head.size(); ++size) {
      EXPECT_FALSE(decode_request(std::string_view(head).substr(0, size), std::string(rest)))
          << request.index() << " cut to " << size;
    }
  }
  for (const auto& reply : every_reply()) {
    const auto [head, rest] = encode(reply);
    for (std::size_t size = 0; size < head.size(); ++size) {
      EXPECT_FALSE(decode_reply(std::string_view(head).substr(0, size), std::string(rest)))
          << reply.index() << " cut to " << size;
    }
  }
}

TEST(Wire, NothingMayFollowAHead) {
  for (const auto& request : every_request()) {
    const auto [head, rest] = encode(request);
    EXPECT_FALSE(decode_request(head + '\0', std::string(rest))) << request.index();
  }
  for (const auto& reply : every_reply()) {
    const auto [head, rest] = encode(reply);
    EXPECT_FALSE(decode_reply(head + '\0', std::string(rest))) << reply.index();
  }
}

TEST(Wire, OnlyWhatCarriesAPieceHasARest) {
  for (const auto& request : every_request()) {
    const bool carries = std::holds_alternative<request::Append>(request);
    EXPECT_EQ(decode_request(encode(request).head, "piece").has_value(), carries) << request.index();
  }
  for (const auto& reply : every_reply()) {
    const auto* const reading = std::get_if<reply::Reading>(&reply);
    const bool carries = std::holds_alternative<reply::Piece>(reply) || (reading && reading->following.empty());
    EXPECT_EQ(decode_reply(encode(reply).head, "piece").has_value(), carries) << reply.index();
  }
}

TEST(Wire, UnknownKindsAreRefused) {
  for (const int kind : {0, 18, 255}) EXPECT_FALSE(decode_request(octets({kind}))) << kind;
  for (const int kind : {0, 13, 255}) EXPECT_FALSE(decode_reply(octets({kind}))) << kind;
}

TEST(Wire, UnknownErrorsAreRefused) {
  EXPECT_FALSE(decode_reply(octets({2, 0})));
  EXPECT_TRUE(decode_reply(octets({2, 7})));
  EXPECT_FALSE(decode_reply(octets({2, 8})));
}

TEST(Wire, ACountThatPromisesMoreThanFollowsIsRefused) {
  EXPECT_FALSE(decode_request(octets({11, 0xff, 0x3f, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0})));
  EXPECT_FALSE(decode_reply(octets({3, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 'a'})));
}

TEST(Wire, WhatBreaksALimitIsRefused) {
  EXPECT_TRUE(decoded(Request(request::Append{std::string(limits::message_piece_octets_max, 'x')})));
  EXPECT_FALSE(decoded(Request(request::Append{std::string(limits::message_piece_octets_max + 1, 'x')})));
  EXPECT_FALSE(decoded(Request(request::Append{})));
  EXPECT_FALSE(decoded(Request(request::Read{MessageNumber::at_index(1), limits::store_ipc_following_max + 1})));
  EXPECT_FALSE(decoded(Request(request::AddRecipients{})));
  EXPECT_FALSE(decoded(Request(request::MarkDeletions{})));
  EXPECT_FALSE(
      decoded(Request(request::GetScanListings{MessageNumber::at_index(0), limits::scan_listings_at_once_max + 1})));
  EXPECT_FALSE(decoded(Request(request::ListDrops{std::nullopt, limits::scan_listings_at_once_max + 1})));
}

TEST(Wire, NamesThatBreakTheirRuleAreRefused) {
  EXPECT_FALSE(decode_request(octets({6, 0, 0, 0, 0})));                 // open: empty drop
  EXPECT_FALSE(decode_request(octets({6, 1, 0, 0, 0, '\n'})));           // open: control character
  EXPECT_FALSE(decode_reply(octets({3, 1, 0, 0, 0, 1, 0, 0, 0, ' '})));  // delivered: unique-id
  EXPECT_FALSE(decode_request(octets({4, 1, 0, 0, 0, 1, 0, 0, 0, 'a', 0, 0, 0, 0, 1, 0, 0, 0, ' '})));  // recipient
  EXPECT_FALSE(decode_request(octets({8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})));  // read: message 0
}

TEST(Wire, ACheckpointThatIsNoFolderInAnotherIsRefused) {
  const auto taken = [](std::string name) { return decoded(Reply(reply::CheckpointTaken{std::move(name)})); };
  EXPECT_TRUE(taken(std::string(limits::checkpoint_name_octets_max, 'c')));
  EXPECT_FALSE(taken(std::string(limits::checkpoint_name_octets_max + 1, 'c')));
  EXPECT_FALSE(taken(""));
  EXPECT_FALSE(taken("."));
  EXPECT_FALSE(taken(".."));
  EXPECT_FALSE(taken("../users"));
  EXPECT_FALSE(taken("/etc"));
  EXPECT_FALSE(taken(std::string("a\0b", 3)));
}

TEST(Wire, ASummaryThatCannotBeIsRefused) {
  const mail::WireSummary more_than_stored{Octets{11}, Octets{10}, Octets{0}};
  const mail::WireSummary header_beyond_end{Octets{10}, Octets{10}, Octets{11}};
  EXPECT_FALSE(decoded(Request(request::Finish{more_than_stored, {}})));
  EXPECT_FALSE(decoded(Reply(reply::Reading{1, header_beyond_end, {}, false})));
}

TEST(Wire, MessagesThatComeTogetherAreAllThereAndNothingElse) {
  const auto of = [](std::uint64_t octets) { return mail::WireSummary{Octets{octets}, Octets{octets}, Octets{0}}; };
  EXPECT_TRUE(decoded(Reply(reply::Reading{0, of(3), "onetwo", true, {of(3)}})));
  EXPECT_TRUE(decoded(Reply(reply::Reading{0, of(3), "one", true, {of(0)}})));
  EXPECT_FALSE(decoded(Reply(reply::Reading{0, of(3), "onetw", true, {of(3)}})));
  EXPECT_FALSE(decoded(Reply(reply::Reading{0, of(3), "onetwo!", true, {of(3)}})));
  EXPECT_FALSE(decoded(Reply(reply::Reading{0, of(7), "onetwo", true, {of(0)}})));
  EXPECT_FALSE(decoded(Reply(reply::Reading{0, of(4), "onetwo", true, {of(3), of(UINT64_MAX)}})));
  EXPECT_FALSE(decoded(Reply(reply::Reading{5, of(3), "onetwo", false, {of(3)}}))) << "one that goes on has none";
}

TEST(Wire, TheLargestOfEverythingFitsOneFrame) {
  const std::string longest_drop(limits::drop_id_octets_max, 'd');
  const std::string longest_id(limits::unique_id_octets_max, 'u');
  const maildrop::Recipient recipient{drop(longest_drop), std::string(limits::trace_fields_octets_max, 't'),
                                      unique_id(longest_id)};
  const std::vector recipients(limits::store_ipc_recipients_at_once_max, recipient);
  const std::vector numbers(limits::store_ipc_deletions_at_once_max, MessageNumber::at_index(1));
  const std::vector ids(limits::store_ipc_recipients_max, unique_id(longest_id));
  const std::vector listings(limits::scan_listings_at_once_max, mail::ScanListing{unique_id(longest_id), Octets{1}});
  const std::vector drops(limits::scan_listings_at_once_max, maildrop::DropSummary{drop(longest_drop), {}});
  EXPECT_TRUE(decoded(Request(request::AddRecipients{recipients})));
  EXPECT_TRUE(decoded(Request(request::MarkDeletions{numbers})));
  EXPECT_TRUE(decoded(Reply(reply::Delivered{ids})));
  EXPECT_TRUE(decoded(Reply(reply::ScanListings{listings})));
  EXPECT_TRUE(decoded(Reply(reply::Drops{drops})));
  const std::vector following(limits::store_ipc_following_max, mail::WireSummary{});
  const std::string piece(limits::message_piece_octets_max, 'p');
  EXPECT_TRUE(decoded(
      Reply(reply::Reading{0, {Octets{piece.size()}, Octets{piece.size()}, Octets{0}}, piece, true, following})));
  EXPECT_TRUE(decoded(Reply(reply::Piece{piece, false})));
}

}  // namespace
}  // namespace fermo::maildrop_ipc
