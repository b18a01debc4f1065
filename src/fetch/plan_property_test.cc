#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fetch/memory_ledger.h"
#include "fetch/message_key.h"
#include "fetch/plan.h"

/// A server, other clients, faults and crashes, all from one seed, around make_plan() and a ledger.
namespace fermo::fetch {
namespace {

struct ServerMessage {
  int id;  ///< What it really is.
  std::string unique_id;
  Octets octets;
};

/// How a server gives unique-ids.
enum class Ids { proper, numbers, none, some_twice, reused };

class World {
 public:
  World(std::uint64_t seed, Mode mode, Ids ids) : random_(seed), ids_(ids) {
    policy_.mode = mode;
    policy_.keep_days = std::chrono::days(3);
    policy_.keep_newest = 4;
    policy_.forget_after = std::chrono::days(10'000);
    if (chance(4)) policy_.messages_at_once_max = 3;
  }

  /// One change of the world, then one session.
  void step() {
    now_ += std::chrono::hours(below(60));
    // A message that was delivered and not recorded is found again by its delivery name, that is by its unique-id: the
    // server may not change at that very moment, or nobody could know the message any more.
    if (!unrecorded_ || ids_ == Ids::proper) arrive(below(4));
    if (!unrecorded_ && chance(4)) other_client_deletes();
    if (!unrecorded_ && chance(8)) move_server();
    if (chance(5)) delete_locally();
    session(unrecorded_);
  }

  void settle() {
    policy_.messages_at_once_max = std::nullopt;
    for (int i = 0; i < 2; ++i) session(true);
  }

  void check_settled() const {
    for (const ServerMessage& message : server_) {
      EXPECT_TRUE(deliveries_.contains(message.id)) << "message " << message.id << " was never delivered";
    }
    EXPECT_EQ(policy_.mode == Mode::remove ? server_.size() : 0u, 0u);
    if (policy_.mode == Mode::keep_newest) {
      EXPECT_LE(server_.size(), policy_.keep_newest);
    }
  }

 private:
  std::uint64_t below(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random_);
  }
  bool chance(std::uint64_t in) { return below(in) == 0; }

  static HeadIdentity head_of(int id) {
    const std::string text = std::to_string(id);
    return head_identity("Received: by x; " + text + "\nMessage-ID: <" + text + ">\n\n");
  }

  void arrive(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const int id = next_id_++;
      std::string unique_id = "u" + std::to_string(generation_) + "-" + std::to_string(id);
      if (ids_ == Ids::some_twice && id % 3 == 0) unique_id = "twice" + std::to_string(generation_);
      if (ids_ == Ids::reused && !given_up_.empty() && chance(2)) {
        unique_id = given_up_.back();
        given_up_.pop_back();
      }
      server_.push_back({id, unique_id, octets(id)});
    }
  }

  /// Few different ones, so that they agree by chance; but a unique-id that is given again comes with others, since
  /// nothing but the whole message could tell otherwise.
  Octets octets(int id) {
    return ids_ == Ids::reused || ids_ == Ids::some_twice ? Octets{100 + static_cast<std::uint64_t>(id)}
                                                          : Octets{100 + below(3)};
  }

  void remove_at(std::size_t index) {
    given_up_.push_back(server_[index].unique_id);
    server_.erase(server_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  void other_client_deletes() {
    if (server_.empty()) return;
    const std::size_t index = below(server_.size());
    remove_at(index);
  }

  void move_server() {
    if (ids_ == Ids::reused) return;
    ++generation_;
    for (ServerMessage& message : server_) {
      message.unique_id = "u" + std::to_string(generation_) + "-" + std::to_string(message.id);
    }
  }

  void delete_locally() {
    if (!local_.empty()) local_.erase(local_.begin());
  }

  Listing listing(bool calm) {
    Listing listing;
    listing.unique_ids = ids_ != Ids::none;
    for (std::size_t i = 0; i < server_.size(); ++i) {
      const MessageNumber number = MessageNumber::at_index(i);
      std::string unique_id = server_[i].unique_id;
      if (ids_ == Ids::numbers) unique_id = std::to_string(number.value());
      if (ids_ == Ids::none) unique_id.clear();
      listing.messages.push_back({number, unique_id, server_[i].octets});
      listing.stat.octets += server_[i].octets;
    }
    listing.stat.messages = listing.messages.size();
    const bool steady = calm || ledger_.load()->empty() || ids_ == Ids::some_twice;
    if (!steady && chance(8)) {  // a server in trouble
      const std::uint64_t shown = below(listing.messages.size() + 1);
      while (listing.messages.size() > shown) listing.messages.pop_back();
      if (chance(2)) listing.stat.messages = listing.messages.size();
    }
    if (!steady && chance(10)) listing.unique_ids = false;
    if (!listing.unique_ids) {
      for (ListedMessage& message : listing.messages) message.unique_id.clear();
    }
    return listing;
  }

  void apply(std::vector<Change> changes) {
    const auto applied = ledger_.apply(changes);
    ASSERT_FALSE(applied.has_error()) << applied.error().message();
  }

  Plan plan(const Listing& listing, const std::vector<Record>& known, const AccountState& state) {
    Input input{
        listing, known, policy_, now_, !state.first_run_done, state.unique_ids, {}, [this](const Record& record) {
          return local_.contains(record.delivery_name) ? Presence::present : Presence::absent;
        }};
    for (int round = 0;; ++round) {
      Plan made = make_plan(input);
      if (made.heads_needed.empty()) return made;
      EXPECT_TRUE(made.changes.empty());
      EXPECT_LT(round, 2) << "a third round of heads";
      for (const MessageNumber number : made.heads_needed) {
        EXPECT_FALSE(input.heads.contains(number)) << "asked twice";
        input.heads[number] = head_of(server_[number.index()].id);
      }
    }
  }

  /// Plays a session, which may end at any point as if the process had been killed or the line cut.
  void session(bool calm) {
    const Listing listed = listing(calm);
    AccountState state = *ledger_.state();
    const Plan made = plan(listed, *ledger_.load(), state);
    ASSERT_EQ(made.decisions.size(), listed.messages.size());
    state.first_run_done = true;
    state.unique_ids = made.unique_ids;
    ASSERT_FALSE(ledger_.apply_each(changes_of(made), &state).has_error());
    std::vector<Decision> marked;
    for (const Decision& one : made.decisions) {
      if (!calm && chance(20)) return;
      const bool delivered = one.retrieval == Retrieval::whole;
      if (delivered && !deliver(one, calm)) return;
      check_removal(one);
      if (one.removal != Removal::no) marked.push_back(one);
    }
    quit(marked, calm);
  }

  /// False when the process dies on the way.
  bool deliver(const Decision& one, bool calm) {
    const int id = server_[one.number.index()].id;
    const std::string name = one.key + "/" + std::to_string(one.octets.value) + "/" + std::to_string(one.generation);
    if (names_.emplace(name, id).second) {
      local_.insert(name);
      EXPECT_EQ(++deliveries_[id], 1) << "message " << id << " was delivered twice";
    }
    EXPECT_EQ(names_[name], id) << "the name of one message was given to another, which would be lost";
    unrecorded_ = !calm && chance(20);
    if (unrecorded_) return false;
    apply({change::Delivered{one.key, now_, name, true, head_of(id)}});
    return true;
  }

  void check_removal(const Decision& one) {
    if (one.removal == Removal::no) return;
    const auto record = *ledger_.find(one.key);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->standing, Standing::whole);
    EXPECT_TRUE(deliveries_.contains(server_[one.number.index()].id)) << "would be lost";
    EXPECT_NE(policy_.mode, Mode::keep);
  }

  void quit(const std::vector<Decision>& marked, bool calm) {
    std::vector<Change> asked;
    for (const Decision& one : marked) asked.emplace_back(change::DeletionAsked{one.key, now_});
    apply(asked);
    if (!calm && chance(10)) return;
    for (auto one = marked.rbegin(); one != marked.rend(); ++one) remove_at(one->number.index());
    if (!calm && chance(10)) return;  // +OK never arrives
    std::vector<Change> gone;
    for (const Decision& one : marked) gone.emplace_back(change::Gone{one.key, now_});
    apply(gone);
  }

  std::mt19937_64 random_;
  const Ids ids_;
  Policy policy_;
  Timestamp now_{std::chrono::seconds(1'800'000'000)};
  MemoryLedger ledger_;
  std::vector<ServerMessage> server_;
  std::vector<std::string> given_up_;
  std::map<std::string, int> names_;  ///< Every delivery name there ever was.
  std::set<std::string> local_;       ///< Those that the user has not deleted.
  std::map<int, int> deliveries_;     ///< How often each message was delivered.
  bool unrecorded_ = false;           ///< The last session died between a delivery and its record.
  int next_id_ = 1;
  int generation_ = 0;
};

class PlanProperties : public testing::TestWithParam<std::pair<Mode, Ids>> {};

/// Whatever happens: nothing is deleted that was not delivered, nothing is delivered twice, and once the faults end
/// everything that is on the server has been delivered.
TEST_P(PlanProperties, HoldOverRandomHistories) {
  const auto [mode, ids] = GetParam();
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed, mode, ids);
    for (int step = 0; step < 25 && !HasFailure(); ++step) world.step();
    world.settle();
    world.check_settled();
    if (HasFailure()) return;
  }
}

std::vector<std::pair<Mode, Ids>> all_worlds() {
  std::vector<std::pair<Mode, Ids>> all;
  for (const Mode mode : {Mode::remove, Mode::keep, Mode::keep_days, Mode::keep_newest, Mode::mirror}) {
    for (const Ids ids : {Ids::proper, Ids::numbers, Ids::none, Ids::some_twice, Ids::reused})
      all.emplace_back(mode, ids);
  }
  return all;
}

std::string name_of(const testing::TestParamInfo<std::pair<Mode, Ids>>& world) {
  const std::vector<std::string> modes{"Remove", "Keep", "KeepDays", "KeepNewest", "Mirror"};
  const std::vector<std::string> ids{"ProperIds", "NumbersForIds", "NoIds", "IdsGivenTwice", "IdsGivenAgain"};
  return modes[static_cast<std::size_t>(world.param.first)] + "With" +
         ids[static_cast<std::size_t>(world.param.second)];
}

INSTANTIATE_TEST_SUITE_P(AllModesAndServers, PlanProperties, testing::ValuesIn(all_worlds()), name_of);

}  // namespace
}  // namespace fermo::fetch
