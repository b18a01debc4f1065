#include "maildrop_ipc/store_session.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <string>
#include <variant>
#include <vector>

#include "base/limits.h"
#include "maildrop/memory_maildrop.h"
#include "maildrop_ipc/counted_checkpoints.h"

namespace fermo::maildrop_ipc {
namespace {

using maildrop::Error;

const std::string message = "Subject: one\r\n\r\ntext\r\n";

DropId drop(std::string_view text) {
  return DropId::from(text).value();
}

mail::WireSummary summary_of(std::string_view wire) {
  return {Octets{wire.size()}, Octets{wire.size()}, Octets{16}};
}

template <class Expected>
bool is(const std::optional<Reply>& reply) {
  return reply && std::holds_alternative<Expected>(*reply);
}

std::optional<Error> error_in(const std::optional<Reply>& reply) {
  if (!is<reply::Failed>(reply)) return std::nullopt;
  return std::get<reply::Failed>(*reply).error;
}

class StoreSessionTest : public testing::Test {
 protected:
  /// A session that has been greeted.
  StoreSession greeted() {
    StoreSession session(store_);
    EXPECT_TRUE(is<reply::Done>(session.answer(request::Hello{})));
    return session;
  }

  void deliver_one(std::string_view wire = message) {
    auto session = greeted();
    ASSERT_TRUE(is<reply::Done>(session.answer(request::BeginDelivery{})));
    for (std::string_view rest = wire; !rest.empty(); rest.remove_prefix(std::min(rest.size(), piece_octets))) {
      ASSERT_TRUE(is<reply::Done>(session.answer(request::Append{std::string(rest.substr(0, piece_octets))})));
    }
    ASSERT_TRUE(is<reply::Done>(session.answer(request::AddRecipients{{{drop("ann"), "", std::nullopt}}})));
    ASSERT_TRUE(is<reply::Delivered>(session.answer(request::Finish{summary_of(wire), {}})));
  }

  static constexpr std::size_t piece_octets = limits::message_piece_octets_max;
  const std::string large_ = std::string(message) + std::string(piece_octets, 'x');

  ManualClock clock_;
  maildrop::MemoryMaildrop store_{clock_};
  Allowance held_{3 * piece_octets};
};

TEST_F(StoreSessionTest, NothingComesBeforeTheGreeting) {
  StoreSession session(store_);
  EXPECT_FALSE(session.answer(request::Sweep{}));
  EXPECT_FALSE(session.answer(request::Open{drop("ann")}));
}

TEST_F(StoreSessionTest, AStoreThatCannotBeBackedUpSaysSo) {
  EXPECT_EQ(error_in(greeted().answer(request::TakeCheckpoint{})), Error::unsupported);
}

TEST_F(StoreSessionTest, NoCheckpointIsTakenInTheMiddleOfADelivery) {
  auto session = greeted();
  ASSERT_TRUE(is<reply::Done>(session.answer(request::BeginDelivery{})));
  EXPECT_FALSE(session.answer(request::TakeCheckpoint{}));
}

TEST_F(StoreSessionTest, ACheckpointLastsAsLongAsTheSessionWhichServesNothingElse) {
  CountedCheckpoints checkpoints;
  {
    StoreSession session(store_, &checkpoints);
    ASSERT_TRUE(is<reply::Done>(session.answer(request::Hello{})));
    const auto taken = session.answer(request::TakeCheckpoint{});
    ASSERT_TRUE(is<reply::CheckpointTaken>(taken));
    EXPECT_EQ(std::get<reply::CheckpointTaken>(*taken).name, "checkpoint-1");
    EXPECT_EQ(checkpoints.held(), 1u);
    EXPECT_FALSE(session.answer(request::TakeCheckpoint{}));
    EXPECT_FALSE(session.answer(request::Sweep{}));
    EXPECT_FALSE(session.answer(request::BeginDelivery{}));
  }
  EXPECT_EQ(checkpoints.held(), 0u);
}

TEST_F(StoreSessionTest, GreetsOnce) {
  EXPECT_FALSE(greeted().answer(request::Hello{}));
}

TEST_F(StoreSessionTest, AnotherVersionIsUnsupported) {
  StoreSession session(store_);
  EXPECT_EQ(error_in(session.answer(request::Hello{protocol_version + 1})), Error::unsupported);
  EXPECT_FALSE(session.answer(request::Sweep{}));
}

TEST_F(StoreSessionTest, DeliversToEveryRecipient) {
  auto session = greeted();
  ASSERT_TRUE(is<reply::Done>(session.answer(request::BeginDelivery{})));
  ASSERT_TRUE(is<reply::Done>(session.answer(request::Append{message})));
  const std::vector<maildrop::Recipient> both{{drop("ann"), "", std::nullopt}, {drop("bob"), "X: 1\r\n", std::nullopt}};
  ASSERT_TRUE(is<reply::Done>(session.answer(request::AddRecipients{both})));
  const auto reply = session.answer(request::Finish{summary_of(message), {}});
  ASSERT_TRUE(is<reply::Delivered>(reply));
  EXPECT_EQ(std::get<reply::Delivered>(*reply).unique_ids.size(), 2u);
  EXPECT_EQ(store_.recount(drop("ann"))->octets.value, message.size());
  EXPECT_EQ(store_.recount(drop("bob"))->octets.value, message.size() + 6);
}

TEST_F(StoreSessionTest, ADeliveryFinishesOnce) {
  auto session = greeted();
  ASSERT_TRUE(is<reply::Done>(session.answer(request::BeginDelivery{})));
  ASSERT_TRUE(is<reply::Done>(session.answer(request::Append{message})));
  ASSERT_TRUE(is<reply::Done>(session.answer(request::AddRecipients{{{drop("ann"), "", std::nullopt}}})));
  ASSERT_TRUE(is<reply::Delivered>(session.answer(request::Finish{summary_of(message), {}})));
  EXPECT_FALSE(session.answer(request::Finish{summary_of(message), {}}));
  EXPECT_FALSE(session.answer(request::Append{message}));
  EXPECT_FALSE(session.answer(request::BeginDelivery{}));
  EXPECT_EQ(store_.recount(drop("ann"))->messages, 1u);
}

TEST_F(StoreSessionTest, ASummaryOfOtherOctetsThanCameDeliversNothing) {
  auto session = greeted();
  ASSERT_TRUE(is<reply::Done>(session.answer(request::BeginDelivery{})));
  ASSERT_TRUE(is<reply::Done>(session.answer(request::Append{message})));
  ASSERT_TRUE(is<reply::Done>(session.answer(request::AddRecipients{{{drop("ann"), "", std::nullopt}}})));
  EXPECT_EQ(error_in(session.answer(request::Finish{summary_of(message + "x"), {}})), Error::corrupt);
  EXPECT_EQ(store_.recount(drop("ann"))->messages, 0u);
}

TEST_F(StoreSessionTest, RecipientsAreBounded) {
  auto session = greeted();
  ASSERT_TRUE(is<reply::Done>(session.answer(request::BeginDelivery{})));
  const maildrop::Recipient ann{drop("ann"), "", std::nullopt};
  const std::vector some(limits::store_ipc_recipients_at_once_max, ann);
  std::size_t added = 0;
  for (; added + some.size() <= limits::store_ipc_recipients_max; added += some.size()) {
    ASSERT_TRUE(is<reply::Done>(session.answer(request::AddRecipients{some})));
  }
  EXPECT_FALSE(session.answer(request::AddRecipients{some}));
}

TEST_F(StoreSessionTest, WhatNeedsADeliveryOrASnapshotIsRefusedWithout) {
  const MessageNumber first = MessageNumber::at_index(0);
  const std::vector<Request> requests{request::Append{message},
                                      request::AddRecipients{{{drop("ann"), "", std::nullopt}}},
                                      request::Finish{summary_of(message), {}},
                                      request::GetScanListings{first, 1},
                                      request::Read{first},
                                      request::NextPiece{1},
                                      request::CloseCursor{1},
                                      request::MarkDeletions{{first}},
                                      request::CommitDeletions{}};
  for (const auto& request : requests) EXPECT_FALSE(greeted().answer(request)) << request.index();
}

TEST_F(StoreSessionTest, AConnectionHasOnePurpose) {
  const std::vector<Request> purposes{request::BeginDelivery{}, request::Open{drop("ann")}};
  for (const auto& purpose : purposes) {
    auto session = greeted();
    ASSERT_TRUE(session.answer(purpose));
    EXPECT_FALSE(session.answer(request::BeginDelivery{}));
    EXPECT_FALSE(session.answer(request::Open{drop("bob")}));
    EXPECT_FALSE(session.answer(request::ListDrops{std::nullopt, 1}));
    EXPECT_FALSE(session.answer(request::ListImported{drop("ann"), std::nullopt, 1}));
    EXPECT_FALSE(session.answer(request::Recount{drop("ann")}));
    EXPECT_FALSE(session.answer(request::Sweep{}));
  }
}

TEST_F(StoreSessionTest, ASmallMessageComesWithTheReplyAndLeavesNoCursor) {
  deliver_one();
  auto session = greeted();
  const auto opened = session.answer(request::Open{drop("ann")});
  ASSERT_TRUE(is<reply::Opened>(opened));
  EXPECT_EQ(std::get<reply::Opened>(*opened).listing.messages, 1u);
  const auto reading = session.answer(request::Read{MessageNumber::at_index(0)});
  ASSERT_TRUE(is<reply::Reading>(reading));
  EXPECT_EQ(std::get<reply::Reading>(*reading).piece, message);
  EXPECT_TRUE(std::get<reply::Reading>(*reading).ended);
  EXPECT_FALSE(session.answer(request::NextPiece{std::get<reply::Reading>(*reading).cursor}));
}

TEST_F(StoreSessionTest, TraceFieldsAndASmallMessageComeTogether) {
  const auto delivery = store_.begin_delivery().value();
  ASSERT_TRUE(delivery->append(message));
  const std::vector<maildrop::Recipient> ann{{drop("ann"), "X: 1\r\n", std::nullopt}};
  ASSERT_TRUE(delivery->finish(summary_of(message), ann, {}));
  auto session = greeted();
  ASSERT_TRUE(session.answer(request::Open{drop("ann")}));
  const auto reading = session.answer(request::Read{MessageNumber::at_index(0)});
  ASSERT_TRUE(is<reply::Reading>(reading));
  EXPECT_EQ(std::get<reply::Reading>(*reading).piece, "X: 1\r\n" + message);
  EXPECT_TRUE(std::get<reply::Reading>(*reading).ended);
}

TEST_F(StoreSessionTest, SmallMessagesFollowAsFarAsTheyFit) {
  const std::string half = message + std::string(piece_octets / 2, 'x');
  for (const auto& wire : {message, message, half, half, message}) deliver_one(wire);
  auto session = greeted();
  ASSERT_TRUE(session.answer(request::Open{drop("ann")}));
  const auto read = [&](std::size_t index, std::size_t following_max) {
    const auto answer = session.answer(request::Read{MessageNumber::at_index(index), following_max});
    return std::get<reply::Reading>(*answer);
  };
  EXPECT_EQ(read(0, 0).piece, message);
  EXPECT_EQ(read(0, 1).piece, message + message);
  const auto most = read(0, limits::store_ipc_following_max);
  EXPECT_EQ(most.piece, message + message + half);
  EXPECT_EQ(most.following, (std::vector{summary_of(message), summary_of(half)}));
  EXPECT_EQ(most.summary, summary_of(message));
  EXPECT_EQ(read(3, limits::store_ipc_following_max).piece, half + message) << "and none after the last one";
}

TEST_F(StoreSessionTest, ReadsALargeMessageToItsEnd) {
  deliver_one(large_);
  auto session = greeted();
  ASSERT_TRUE(session.answer(request::Open{drop("ann")}));
  const auto answer = session.answer(request::Read{MessageNumber::at_index(0)});
  ASSERT_TRUE(is<reply::Reading>(answer));
  const auto& reading = std::get<reply::Reading>(*answer);
  EXPECT_FALSE(reading.ended);
  std::string whole = reading.piece;
  bool ended = false;
  while (!ended) {
    const auto next = session.answer(request::NextPiece{reading.cursor});
    ASSERT_TRUE(is<reply::Piece>(next));
    whole += std::get<reply::Piece>(*next).octets;
    ended = std::get<reply::Piece>(*next).ended;
  }
  EXPECT_EQ(whole, large_);
  EXPECT_FALSE(session.answer(request::NextPiece{reading.cursor}));
}

TEST_F(StoreSessionTest, CursorsAreBounded) {
  deliver_one(large_);
  auto session = greeted();
  ASSERT_TRUE(session.answer(request::Open{drop("ann")}));
  for (std::size_t i = 0; i < limits::store_ipc_cursors_max; ++i) {
    ASSERT_TRUE(is<reply::Reading>(session.answer(request::Read{MessageNumber::at_index(0)})));
  }
  EXPECT_EQ(error_in(session.answer(request::Read{MessageNumber::at_index(0)})), Error::unavailable);
  ASSERT_TRUE(is<reply::Done>(session.answer(request::CloseCursor{1})));
  EXPECT_TRUE(is<reply::Reading>(session.answer(request::Read{MessageNumber::at_index(0)})));
}

TEST_F(StoreSessionTest, OverAChannelAMaildropOpensOncePerGrant) {
  Grants grants;
  ASSERT_TRUE(grants.add(drop("ann"), Grants::Clock::now()));
  StoreSession first(store_, grants, held_);
  EXPECT_EQ(error_in(first.answer(request::Open{drop("bob")})), Error::unavailable);
  EXPECT_TRUE(is<reply::Opened>(first.answer(request::Open{drop("ann")})));
  StoreSession second(store_, grants, held_);
  EXPECT_EQ(error_in(second.answer(request::Open{drop("ann")})), Error::unavailable);
}

TEST_F(StoreSessionTest, OverAChannelNothingIsAskedOfTheStoreItself) {
  Grants grants;
  const std::vector<Request> requests{request::Hello{},
                                      request::ListDrops{std::nullopt, 1},
                                      request::ListImported{drop("ann"), std::nullopt, 1},
                                      request::Recount{drop("ann")},
                                      request::Sweep{},
                                      request::TakeCheckpoint{}};
  for (const auto& request : requests) {
    EXPECT_FALSE(StoreSession(store_, grants, held_).answer(request)) << request.index();
  }
}

TEST_F(StoreSessionTest, OverChannelsOnlySoMuchIsHeldForDeliveriesThatDoNotFinish) {
  Grants grants;
  StoreSession first(store_, grants, held_);
  std::optional<StoreSession> second(std::in_place, store_, grants, held_);
  StoreSession third(store_, grants, held_);
  ASSERT_TRUE(is<reply::Done>(first.answer(request::BeginDelivery{})));
  ASSERT_TRUE(is<reply::Done>(second->answer(request::BeginDelivery{})));
  const request::AddRecipients many{
      {16, {drop("ann"), std::string(limits::trace_fields_octets_max, 't'), std::nullopt}}};
  EXPECT_EQ(error_in(second->answer(many)), Error::unavailable);
  ASSERT_TRUE(is<reply::Done>(third.answer(request::BeginDelivery{})));
  EXPECT_EQ(error_in(StoreSession(store_, grants, held_).answer(request::BeginDelivery{})), Error::unavailable);
  // Room comes when one goes, or has finished.
  second.reset();
  EXPECT_TRUE(is<reply::Done>(third.answer(request::AddRecipients{{{drop("ann"), "", std::nullopt}}})));
  EXPECT_TRUE(is<reply::Done>(third.answer(request::Append{message})));
  EXPECT_TRUE(is<reply::Delivered>(third.answer(request::Finish{summary_of(message), {}})));
  StoreSession fourth(store_, grants, held_);
  EXPECT_TRUE(is<reply::Done>(fourth.answer(request::BeginDelivery{})));
  EXPECT_TRUE(is<reply::Done>(StoreSession(store_, grants, held_).answer(request::BeginDelivery{})));
}

TEST_F(StoreSessionTest, AGrantThatIsNotUsedExpires) {
  Grants grants;
  const Grants::Clock::time_point now{};
  ASSERT_TRUE(grants.add(drop("ann"), now));
  ASSERT_TRUE(grants.add(drop("ann"), now));
  EXPECT_TRUE(grants.take(drop("ann"), now + limits::grant_time_max));
  EXPECT_FALSE(grants.take(drop("ann"), now + limits::grant_time_max + std::chrono::seconds(1)));
}

TEST_F(StoreSessionTest, MarksNoMoreMessagesThanThereAre) {
  deliver_one();
  auto session = greeted();
  ASSERT_TRUE(session.answer(request::Open{drop("ann")}));
  const MessageNumber first = MessageNumber::at_index(0);
  ASSERT_TRUE(is<reply::Done>(session.answer(request::MarkDeletions{{first}})));
  EXPECT_EQ(error_in(session.answer(request::MarkDeletions{{first}})), Error::no_such_message);
  EXPECT_TRUE(is<reply::Done>(session.answer(request::CommitDeletions{})));
  EXPECT_EQ(store_.recount(drop("ann"))->messages, 1u) << "a refused mark takes back the marks before it";
}

TEST_F(StoreSessionTest, NothingIsDeletedWithoutACommit) {
  deliver_one();
  {
    auto session = greeted();
    ASSERT_TRUE(session.answer(request::Open{drop("ann")}));
    ASSERT_TRUE(is<reply::Done>(session.answer(request::MarkDeletions{{MessageNumber::at_index(0)}})));
  }
  EXPECT_EQ(store_.recount(drop("ann"))->messages, 1u);
}

}  // namespace
}  // namespace fermo::maildrop_ipc
