#include "fetch/tail_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/limits.h"

namespace fermo::fetch {
namespace {

struct Message {
  std::string unique_id;
  std::uint64_t octets;
};
using Drop = std::vector<Message>;

mail::DropListing stat_of(const Drop& drop) {
  mail::DropListing listing;
  for (const Message& message : drop) {
    ++listing.messages;
    listing.octets += Octets{message.octets};
  }
  return listing;
}

/// Plays the server and the ledger for one probe, and counts what it costs.
class Play {
 public:
  /// Positions are the numbers in `before`, times `spread`: those of older probes have gaps.
  Play(const Drop& before, const Drop& now, std::uint64_t spread = 1) : now_(now) {
    std::uint64_t position = 0;
    for (const Message& message : before) positions_[message.unique_id] = position += spread;
    TailProbe probe(stat_of(before), stat_of(now), position);
    for (step_ = probe.next(); std::holds_alternative<TailProbe::Ask>(step_); step_ = probe.next()) {
      ++rounds_;
      answer(probe, std::get<TailProbe::Ask>(step_));
      if (rounds_ > 2) break;
    }
  }

  unsigned rounds() const { return rounds_; }
  std::uint64_t octets_moved() const { return octets_moved_; }
  const TailProbe::Found* found() const { return std::get_if<TailProbe::Found>(&step_); }
  std::string why() const {
    const auto* all = std::get_if<TailProbe::ListAll>(&step_);
    return all == nullptr ? "" : std::string(all->why);
  }
  std::vector<std::string> tail() const {
    std::vector<std::string> ids;
    if (found() == nullptr) return {"(everything must be listed)"};
    for (const ListedMessage& message : found()->listing.messages) ids.push_back(message.unique_id);
    return ids;
  }

 private:
  void answer(TailProbe& probe, const TailProbe::Ask& ask) {
    for (const MessageNumber number : ask.uidl) {
      ASSERT_LE(number.value(), now_.size());
      const std::string& id = now_[number.index()].unique_id;
      const auto known = positions_.find(id);
      probe.answer_uidl(number, id, known == positions_.end() ? std::nullopt : std::optional(known->second));
      octets_moved_ += 13 + 14 + id.size();
    }
    for (const MessageNumber number : ask.list) {
      probe.answer_list(number, Octets{now_[number.index()].octets});
      octets_moved_ += 13 + 20;
    }
  }

  const Drop& now_;
  std::map<std::string, std::uint64_t> positions_;
  TailProbe::Step step_;
  unsigned rounds_ = 0;
  std::uint64_t octets_moved_ = 0;
};

Drop numbered(std::uint64_t count, const std::string& prefix = "old") {
  Drop drop;
  for (std::uint64_t i = 1; i <= count; ++i) drop.push_back({prefix + std::to_string(i), 100 + i});
  return drop;
}

void append(Drop& drop, std::uint64_t count) {
  for (std::uint64_t i = 1; i <= count; ++i) drop.push_back({"new" + std::to_string(i), 5000 + i});
}

std::vector<std::string> new_ids(std::uint64_t count) {
  std::vector<std::string> ids;
  for (std::uint64_t i = 1; i <= count; ++i) ids.push_back("new" + std::to_string(i));
  return ids;
}

TEST(TailProbe, FindsEveryTailOfEverySmallDropWithEverySubsetRemoved) {
  for (std::uint64_t count = 1; count <= 9; ++count) {
    const Drop before = numbered(count);
    for (std::uint64_t kept = 0; kept < (1ULL << count); ++kept) {
      for (std::uint64_t added = 0; added <= 5; ++added) {
        Drop now;
        for (std::uint64_t i = 0; i < count; ++i) {
          if ((kept >> i & 1) != 0) now.push_back(before[i]);
        }
        const std::uint64_t left = now.size();
        append(now, added);
        for (const std::uint64_t spread : {1U, 3U}) {
          const Play play(before, now, spread);
          SCOPED_TRACE(std::to_string(count) + " kept " + std::to_string(kept) + " added " + std::to_string(added));
          ASSERT_LE(play.rounds(), 2u);
          if (left == 0) {
            ASSERT_EQ(play.found(), nullptr);
            continue;
          }
          ASSERT_EQ(play.tail(), new_ids(added)) << play.why();
          ASSERT_EQ(play.found()->removed_by_others, count - left);
          ASSERT_FALSE(play.found()->listing.complete);
        }
      }
    }
  }
}

TEST(TailProbe, FindsTheTailOfRandomLargeDrops) {
  std::mt19937_64 random(20260101);
  for (int run = 0; run < 60; ++run) {
    const Drop before = numbered(1000 + random() % 20'000);
    Drop now;
    const std::uint64_t removed_in = random() % 3 == 0 ? 1'000'000 : 2 + random() % 3000;
    for (const Message& message : before) {
      if (random() % removed_in != 0) now.push_back(message);
    }
    const std::uint64_t added = random() % 200;
    append(now, added);
    const Play play(before, now);
    ASSERT_EQ(play.tail(), new_ids(added)) << play.why();
    ASSERT_LE(play.rounds(), 2u);
  }
}

TEST(TailProbe, NewPositionsFollowAllOldOnes) {
  const Drop before = numbered(50);
  Drop now(before.begin() + 10, before.end() - 3);
  append(now, 2);
  const Play play(before, now, 7);
  ASSERT_NE(play.found(), nullptr);
  const Listing& tail = play.found()->listing;
  EXPECT_EQ(tail.messages.front().number.value() + tail.position_offset, 50 * 7 + 1u);
  EXPECT_EQ(tail.messages.front().octets, Octets{5001});
  EXPECT_EQ(tail.stat, stat_of(now));
}

TEST(TailProbe, MovesKilobytesForAHundredThousandKeptMessages) {
  const Drop before = numbered(100'000, "0000000000000000");
  Drop now = before;
  append(now, 3);
  const Play play(before, now);
  EXPECT_EQ(play.tail(), new_ids(3));
  EXPECT_LE(play.octets_moved(), 20'000u);
  now.erase(now.begin() + 77'777);
  const Play removed(before, now);
  EXPECT_EQ(removed.tail(), new_ids(3));
  EXPECT_LE(removed.rounds(), 2u);
  EXPECT_LE(removed.octets_moved(), 50'000u);
}

TEST(TailProbe, ListsAllWhenNothingIsKnownAnyMore) {
  const Drop before = numbered(100);
  EXPECT_EQ(Play(before, numbered(100, "moved")).why(), "none of the messages is known");
  EXPECT_EQ(Play(before, {}).why(), "the server shows no messages");
  EXPECT_EQ(Play({}, numbered(3)).why(), "none of the messages is known");
}

TEST(TailProbe, ListsAllWhenTheOrderChanged) {
  const Drop before = numbered(400);
  Drop now = before;
  std::reverse(now.begin(), now.end());
  EXPECT_EQ(Play(before, now).why(), "the messages are not in the order they had");
  now = before;
  append(now, 40);
  std::rotate(now.begin(), now.end() - 40, now.end());
  EXPECT_EQ(Play(before, now).why(), "a message that is known follows one that is not");
}

TEST(TailProbe, ListsAllWhenAMessageCameInTheMiddle) {
  const Drop before = numbered(400);
  for (std::size_t at = 0; at < 400; ++at) {
    Drop now = before;
    now.insert(now.begin() + static_cast<std::ptrdiff_t>(at), {"inserted", 77});
    EXPECT_EQ(Play(before, now).found(), nullptr) << at;
    now.erase(now.begin());  // as many as before
    if (at > 0) {
      EXPECT_EQ(Play(before, now).found(), nullptr) << at;
    }
  }
}

TEST(TailProbe, ListsAllWhenTheOctetsDoNotAddUp) {
  const Drop before = numbered(100);
  Drop now = before;
  now[33].octets += 5;
  append(now, 1);
  EXPECT_EQ(Play(before, now).why(), "the octets do not add up");
}

TEST(TailProbe, ListsAllWhenVeryMuchIsNew) {
  const Drop before = numbered(100);
  Drop now = before;
  append(now, limits::probe_tail_messages_max);
  EXPECT_EQ(Play(before, now).tail().size(), limits::probe_tail_messages_max);
  append(now, 1);
  EXPECT_EQ(Play(before, now).found(), nullptr);
}

TEST(TailProbe, ListsAllWhenUniqueIdsAreOfNoUse) {
  const Drop before = numbered(10);
  for (const std::string& bad : {std::string(), std::string("a b"), std::string(2000, 'x')}) {
    Drop now = before;
    now.push_back({bad, 1});
    EXPECT_EQ(Play(before, now).why(), "the server gave no usable unique-id for a message");
  }
  Drop now = before;
  now.push_back({"twice", 1});
  now.push_back({"twice", 1});
  EXPECT_EQ(Play(before, now).why(), "the server gave one unique-id twice");
}

TEST(TailProbe, ListsAllWhenAnAnswerIsMissing) {
  const Drop before = numbered(10);
  const mail::DropListing stat = stat_of(before);
  TailProbe probe(stat, {11, stat.octets + Octets{1}}, 10);
  const auto first = probe.next();
  for (const MessageNumber number : std::get<TailProbe::Ask>(first).uidl) {
    const bool known = number.value() <= 10;
    probe.answer_uidl(number, "id" + std::to_string(number.value()),
                      known ? std::optional(number.value()) : std::nullopt);
  }
  const auto second = probe.next();
  for (const MessageNumber number : std::get<TailProbe::Ask>(second).list) probe.answer_list(number, std::nullopt);
  const auto last = probe.next();
  ASSERT_TRUE(std::holds_alternative<TailProbe::ListAll>(last));
  EXPECT_EQ(std::get<TailProbe::ListAll>(last).why, "the server did not list a new message");
}

class ChoosePoll : public testing::Test {
 protected:
  ChoosePoll() {
    state_.first_run_done = true;
    state_.stat = mail::DropListing{100'000, Octets{5}};
    state_.last_full_listing = now_ - std::chrono::hours(1);
  }
  Poll chosen(std::uint64_t messages = 100'001) { return choose_poll(state_, {messages, Octets{5}}, now_); }

  const Timestamp now_{std::chrono::seconds(1'800'000'000)};
  AccountState state_;
};

TEST_F(ChoosePoll, DoesNothingWhenNothingChanged) {
  EXPECT_EQ(chosen(100'000), Poll::nothing);
}

TEST_F(ChoosePoll, ProbesALargeDropAndListsASmallOne) {
  EXPECT_EQ(chosen(), Poll::probe);
  EXPECT_EQ(chosen(limits::probe_messages_min - 1), Poll::full);
}

TEST_F(ChoosePoll, ListsAllWhereTheServerCountsMoreMessagesThanAnyDropHas) {
  EXPECT_EQ(chosen(limits::client_listing_lines_max), Poll::probe);
  EXPECT_EQ(chosen(limits::client_listing_lines_max + 1), Poll::full);
  EXPECT_EQ(chosen(std::numeric_limits<std::uint64_t>::max()), Poll::full);
}

TEST_F(ChoosePoll, ListsAllOnceADay) {
  state_.last_full_listing = now_ - limits::full_listing_interval;
  EXPECT_EQ(chosen(100'000), Poll::full);
  state_.last_full_listing = now_ + std::chrono::hours(1);  // a clock that was set back
  EXPECT_EQ(chosen(100'000), Poll::full);
  state_.last_full_listing = std::nullopt;
  EXPECT_EQ(chosen(100'000), Poll::full);
}

TEST_F(ChoosePoll, ListsAllWhenSomethingIsLeftToDo) {
  state_.stat = std::nullopt;
  EXPECT_EQ(chosen(), Poll::full);
}

TEST_F(ChoosePoll, ListsAllAfterASessionThatDied) {
  state_.deliveries_open = true;
  EXPECT_EQ(chosen(100'000), Poll::full);
}

TEST_F(ChoosePoll, ListsAllWhereProbingDoesNotWork) {
  state_.pipelining = Pipelining::broken;
  EXPECT_EQ(chosen(), Poll::full);
  state_.pipelining = Pipelining::works;
  for (const UniqueIds bad : {UniqueIds::absent, UniqueIds::message_numbers}) {
    state_.unique_ids = bad;
    EXPECT_EQ(chosen(), Poll::full);
  }
}

}  // namespace
}  // namespace fermo::fetch
