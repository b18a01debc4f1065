#include <map>
#include <random>

#include "base/clock.h"
#include "conformance/store_conformance.h"
#include "conformance/store_helpers.h"
#include "maildrop/memory_maildrop.h"

namespace fermo::conformance {
namespace {

/// Does the same to the store under test and to the reference, and compares whatever can be seen.
class Twins {
 public:
  Twins(std::uint64_t seed, std::function<maildrop::Store&()> store) : random_(seed), store_(std::move(store)) {}

  void step(const std::function<void()>& reopen) {
    const std::uint64_t dice = random_() % 100;
    if (dice < 40)
      deliver_one();
    else if (dice < 55)
      open_one();
    else if (dice < 75)
      compare_one();
    else if (dice < 85)
      delete_some();
    else if (dice < 93)
      close_one();
    else if (dice < 97)
      compare_all();
    else {
      sessions_.clear();
      reopen();
    }
  }

  void compare_all() {
    for (std::uint64_t n = 0; n < drops; ++n) {
      const DropId id = nth_drop(n);
      compare({value_of(store_().open(id)), value_of(reference_.open(id))});
      ASSERT_EQ(value_of(store_().recount(id)), value_of(reference_.recount(id)));
    }
    ASSERT_EQ(nonempty_drops(store_()), nonempty_drops(reference_));
  }

 private:
  static constexpr std::uint64_t drops = 5;
  struct Session {
    std::unique_ptr<maildrop::Snapshot> actual;
    std::unique_ptr<maildrop::Snapshot> expected;
  };

  static DropId nth_drop(std::uint64_t n) { return drop("drop" + std::to_string(n)); }
  static std::map<std::string, std::uint64_t> nonempty_drops(maildrop::Store& store) {
    std::map<std::string, std::uint64_t> found;
    for (const auto& summary : value_of(store.list_drops(std::nullopt, 100))) {
      if (summary.listing.messages > 0) found[summary.drop.text()] = summary.listing.octets.value;
    }
    return found;
  }

  void deliver_one() {
    std::vector<maildrop::Recipient> recipients;
    for (std::uint64_t left = random_() % 4 + 1; left > 0; --left) {
      maildrop::Recipient one{nth_drop(random_() % drops), {}, std::nullopt};
      if (random_() % 2 == 0) one.trace_fields = "X-Trace: " + std::to_string(random_()) + "\r\n";
      if (random_() % 6 == 0) one.unique_id = mail::UniqueId::from("id-" + std::to_string(random_() % 60));
      recipients.push_back(std::move(one));
    }
    const std::size_t octets_max = random_() % 5 == 0 ? 200'000 : 3000;
    const std::string wire = wire_message(random_(), random_() % octets_max);
    const auto actual = try_deliver(store_(), wire, recipients);
    const auto expected = try_deliver(reference_, wire, recipients);
    ASSERT_EQ(actual.has_value(), expected.has_value());
    if (expected.has_error()) {
      ASSERT_EQ(actual.error(), expected.error());
    }
  }

  void open_one() {
    const DropId id = nth_drop(random_() % drops);
    sessions_.push_back({value_of(store_().open(id)), value_of(reference_.open(id))});
  }

  void compare_one() {
    if (!sessions_.empty()) compare(sessions_[random_() % sessions_.size()]);
  }

  void compare(const Session& session) {
    ASSERT_EQ(session.actual->drop_listing(), session.expected->drop_listing());
    const auto actual = whole_listing(*session.actual);
    const auto expected = whole_listing(*session.expected);
    ASSERT_EQ(actual.size(), expected.size());
    for (std::size_t n = 0; n < actual.size(); ++n) {
      ASSERT_EQ(actual[n].octets, expected[n].octets);
      if (expected[n].unique_id.text().starts_with("id-")) {
        ASSERT_EQ(actual[n].unique_id, expected[n].unique_id);
      }
      if (random_() % 4 == 0) {
        ASSERT_TRUE(read(*session.actual, n + 1) == read(*session.expected, n + 1));
      }
    }
  }

  void delete_some() {
    if (sessions_.empty()) return;
    const Session& session = sessions_[random_() % sessions_.size()];
    const std::uint64_t messages = session.expected->drop_listing().messages;
    std::vector<std::size_t> chosen;
    for (std::uint64_t left = random_() % 5; left > 0; --left) chosen.push_back(random_() % (messages + 1) + 1);
    const auto actual = session.actual->commit_deletions(numbers(chosen));
    const auto expected = session.expected->commit_deletions(numbers(chosen));
    ASSERT_EQ(actual.has_value(), expected.has_value());
    if (expected.has_error()) {
      ASSERT_EQ(actual.error(), expected.error());
    }
  }

  void close_one() {
    if (!sessions_.empty())
      sessions_.erase(sessions_.begin() + static_cast<std::ptrdiff_t>(random_() % sessions_.size()));
  }

  std::mt19937_64 random_;
  std::function<maildrop::Store&()> store_;
  ManualClock clock_;
  maildrop::MemoryMaildrop reference_{clock_};
  std::vector<Session> sessions_;
};

TEST_P(StoreConformance, DoesWhatTheReferenceDoes) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    renew();
    Twins twins(seed, [this]() -> maildrop::Store& { return store(); });
    for (int n = 0; n < 250 && !HasFatalFailure(); ++n) twins.step([this] { reopen(); });
    twins.compare_all();
  }
}

}  // namespace
}  // namespace fermo::conformance
