#include "fetcher/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "fetch/memory_ledger.h"

/// When messages are made durable together.
namespace fermo::fetcher {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Takes everything, and counts what is committed together.
class CountingTarget final : public fetch::Target {
 public:
  Result<fetch::Presence> find(std::string_view) override { return fetch::Presence::absent; }
  Result<void> begin(const fetch::Incoming&) override { return {}; }
  Result<void> append(std::string_view) override { return ended_ == 7 ? next_append : Result<void>(); }
  Result<void> end() override {
    ++ended_;
    return {};
  }
  void abandon() override {}
  Result<void> commit() override {
    batches.push_back(std::exchange(ended_, 0));
    return std::exchange(next_commit, {});
  }
  Result<std::string> mark() override { return std::string("here"); }

  std::vector<std::size_t> batches;
  Result<void> next_commit;
  Result<void> next_append;  ///< Of the eighth message of a batch.

 private:
  std::size_t ended_ = 0;
};

class DeliveryTest : public ::testing::Test {
 protected:
  static constexpr std::size_t batch_messages_max = 100;

  /// The events of so many further messages, which the ledger knows already.
  std::vector<Delivery::Event> messages(std::size_t count) {
    std::vector<Delivery::Event> events;
    for (; count > 0; --count) {
      begin_message(events);
      events.emplace_back(Delivery::Ended());
    }
    return events;
  }

  void begin_message(std::vector<Delivery::Event>& events) {
    ++number_;
    fetch::Decision decision{.number = MessageNumber::at_index(number_),
                             .key = "key " + std::to_string(number_),
                             .octets = Octets{8},
                             .retrieval = fetch::Retrieval::whole};
    const std::vector<fetch::Change> seen{fetch::change::Seen{decision.key, decision.octets, clock_.now(), number_, 0}};
    EXPECT_FALSE(ledger_.apply(seen).has_error());
    events.emplace_back(Delivery::Begun{number_, std::move(decision)});
    events.emplace_back(Delivery::Content{"A: b\r\n\r\n"});
  }

  ManualClock clock_;
  CountingTarget target_;
  fetch::MemoryLedger ledger_;
  Delivery delivery_{target_, ledger_, "account", batch_messages_max, clock_};

 private:
  std::size_t number_ = 0;
};

TEST_F(DeliveryTest, CommitsAFullBatch) {
  EXPECT_EQ(delivery_.perform(messages(250), 1000).delivered.size(), 200U);
  EXPECT_THAT(target_.batches, ElementsAre(100, 100));
}

TEST_F(DeliveryTest, CommitsHalfOfWhatIsLeftTowardsTheEnd) {
  for (std::size_t to_come = 90; to_come > 0; to_come -= 10) {
    ASSERT_FALSE(delivery_.perform(messages(10), to_come).failure);
  }
  EXPECT_THAT(target_.batches, ElementsAre(50, 30));
  delivery_.perform(messages(10), 0);
  EXPECT_THAT(target_.batches, ElementsAre(50, 30, 20));
}

TEST_F(DeliveryTest, CommitsNoFewWhileMoreAreToCome) {
  delivery_.perform(messages(15), 1);
  EXPECT_THAT(target_.batches, IsEmpty());
  delivery_.perform(messages(1), 1);
  EXPECT_THAT(target_.batches, ElementsAre(16));
}

TEST_F(DeliveryTest, CommitsNothingWhileAMessageIsUnderWay) {
  auto events = messages(20);
  begin_message(events);
  delivery_.perform(std::move(events), 1);
  EXPECT_THAT(target_.batches, IsEmpty());
  const auto settled = delivery_.perform({}, 1);
  EXPECT_THAT(settled.delivered, IsEmpty());
  std::vector<Delivery::Event> cut;
  cut.emplace_back(Delivery::Cut());
  EXPECT_EQ(delivery_.perform(std::move(cut), 0).delivered.size(), 20U);
}

TEST_F(DeliveryTest, CommitsNothingAgainAfterACommitThatFailed) {
  target_.next_commit = fetch::Error::unavailable;
  auto settled = delivery_.perform(messages(100), 10);
  EXPECT_EQ(settled.failure, fetch::Error::unavailable);
  EXPECT_THAT(settled.delivered, IsEmpty());
  settled = delivery_.perform(messages(10), 0);
  EXPECT_THAT(settled.delivered, IsEmpty());
  EXPECT_THAT(target_.batches, ElementsAre(100));
  EXPECT_TRUE(delivery_.unsettled());
  for (const fetch::Record& record : *ledger_.load()) EXPECT_EQ(record.standing, fetch::Standing::waiting);
}

TEST_F(DeliveryTest, CommitsWhatEndedBeforeAMessageThatFailed) {
  target_.next_append = fetch::Error::out_of_space;
  auto events = messages(20);
  const auto settled = delivery_.perform(std::move(events), 10);
  EXPECT_EQ(settled.failure, fetch::Error::out_of_space);
  EXPECT_EQ(settled.delivered.size(), 7U);
}

}  // namespace
}  // namespace fermo::fetcher
