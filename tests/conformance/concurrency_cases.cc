#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "conformance/store_conformance.h"
#include "conformance/store_helpers.h"

namespace fermo::conformance {
namespace {

std::string drop_name(std::uint64_t n) {
  return "user" + std::to_string(n);
}

/// Runs each on a thread of its own and hands on the first failure.
class Crowd {
 public:
  template <class Work>
  void add(Work work) {
    threads_.emplace_back([this, work] {
      try {
        work();
      } catch (const std::exception& failure) {
        const std::lock_guard lock(mutex_);
        failure_ = failure.what();
      }
    });
  }
  std::string join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return failure_;
  }

 private:
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::string failure_;
};

void deliver_some(maildrop::Store& store, std::uint64_t seed, int deliveries) {
  std::mt19937_64 random(seed);
  for (int n = 0; n < deliveries; ++n) {
    std::vector<maildrop::Recipient> recipients;
    for (std::uint64_t left = random() % 3 + 1; left > 0; --left)
      recipients.push_back(recipient(drop_name(random() % 4)));
    deliver(store, wire_message(random(), random() % 100'000), recipients);
  }
}

/// Looks at a drop, checks that counters and listing agree, and deletes some of what it saw.
void visit(maildrop::Store& store, std::mt19937_64& random) {
  const auto snapshot = value_of(store.open(drop(drop_name(random() % 4))));
  const auto listing = whole_listing(*snapshot);
  if (snapshot->drop_listing() != counted(listing)) throw std::runtime_error("the counters differ from the listing");
  std::vector<std::size_t> chosen;
  for (std::size_t number = 1; number <= listing.size(); ++number) {
    if (random() % 3 == 0) chosen.push_back(number);
  }
  if (!chosen.empty()) read(*snapshot, chosen.front());
  done(snapshot->commit_deletions(numbers(chosen)));
  if (!chosen.empty()) read(*snapshot, chosen.back());
}

TEST_P(StoreConformance, CountersHoldUnderConcurrentDeliveriesAndDeletions) {
  std::atomic<int> deliverers = 4;
  Crowd crowd;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    crowd.add([this, seed, &deliverers] {
      deliver_some(store(), seed, 60);
      --deliverers;
    });
  }
  for (std::uint64_t seed = 10; seed < 13; ++seed) {
    crowd.add([this, seed, &deliverers] {
      std::mt19937_64 random(seed);
      do {
        visit(store(), random);
      } while (deliverers > 0);
    });
  }
  ASSERT_EQ(crowd.join(), "");
  for (std::uint64_t n = 0; n < 4; ++n) {
    EXPECT_EQ(drop_listing(store(), drop_name(n)), value_of(store().recount(drop(drop_name(n)))));
  }
  reopen();
  for (std::uint64_t n = 0; n < 4; ++n) {
    EXPECT_EQ(drop_listing(store(), drop_name(n)), value_of(store().recount(drop(drop_name(n)))));
    EXPECT_EQ(contents(store(), drop_name(n)).size(), drop_listing(store(), drop_name(n)).messages);
  }
}

TEST_P(StoreConformance, TheLastTwoRecipientsMayDeleteASharedBodyAtOnce) {
  for (std::uint64_t round = 0; round < 30; ++round) {
    const std::string wire = wire_message(round, 70'000);
    deliver(store(), wire, {recipient("anna"), recipient("bert"), recipient("carl")});
    Crowd crowd;
    for (const std::string name : {"anna", "bert"}) crowd.add([this, name] { erase_all(store(), name); });
    ASSERT_EQ(crowd.join(), "");
    EXPECT_EQ(contents(store(), "carl"), std::vector{wire});
    erase_all(store(), "carl");
  }
  EXPECT_EQ(value_of(store().sweep()).bodies_removed, 0u);
}

TEST_P(StoreConformance, TheSameMessagesMayBeDeletedFromManySessionsAtOnce) {
  deliver(store(), wire_message(1, 500), std::vector<maildrop::Recipient>(50, recipient("anna")));
  const mail::DropListing kept{10, Octets{10 * summary_of(wire_message(1, 500)).octets.value}};
  std::vector<std::unique_ptr<maildrop::Snapshot>> sessions;
  for (int n = 0; n < 4; ++n) sessions.push_back(value_of(store().open(drop("anna"))));
  Crowd crowd;
  for (std::size_t n = 0; n < sessions.size(); ++n) {
    crowd.add([&sessions, n] {
      for (std::size_t number = 1; number <= 40; ++number) {
        done(sessions[n]->commit_deletions(numbers({(number * (n + 7)) % 40 + 1, number})));
      }
    });
  }
  ASSERT_EQ(crowd.join(), "");
  EXPECT_EQ(drop_listing(store(), "anna"), kept);
  EXPECT_EQ(value_of(store().recount(drop("anna"))), kept);
}

TEST_P(StoreConformance, AnImportedUniqueIdIsTakenOnceHoweverManyBringIt) {
  std::atomic<int> taken = 0;
  std::atomic<int> refused = 0;
  Crowd crowd;
  for (int n = 0; n < 4; ++n) {
    crowd.add([this, &taken, &refused] {
      for (int id = 0; id < 20; ++id) {
        const auto outcome =
            try_deliver(store(), wire_message(1, 60), {recipient("anna", "", "id-" + std::to_string(id))});
        ++(outcome.has_value() ? taken : refused);
      }
    });
  }
  ASSERT_EQ(crowd.join(), "");
  EXPECT_EQ(taken, 20);
  EXPECT_EQ(refused, 60);
  EXPECT_EQ(drop_listing(store(), "anna").messages, 20u);
}

}  // namespace
}  // namespace fermo::conformance
