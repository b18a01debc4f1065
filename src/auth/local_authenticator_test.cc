#include "auth/local_authenticator.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "auth/error.h"
#include "auth/test_folder.h"
#include "base/failure.h"

namespace fermo::auth {
namespace {

using namespace std::chrono_literals;
using sasl::Verdict;

constexpr Parameters cheap{.memory_kib = 8, .passes = 1, .lanes = 1};

class LocalAuthenticatorTest : public testing::Test {
 protected:
  LocalAuthenticatorTest() { users("alice:" + hash("sesame") + "\nbob:" + hash("open it") + "\n"); }

  static std::string hash(std::string_view password) { return hash_password(Secret(password), cheap).value(); }
  void users(const std::string& text) { write_in_place(folder_ / "users", text); }

  account::LoginDecision decide(std::string_view name, std::string_view password, std::string_view other = {}) {
    account::LoginAttempt attempt;
    attempt.login.authentication_identity = name;
    attempt.login.authorization_identity = other;
    attempt.login.password = Secret(password);
    attempt.service = "pop3";
    auto decision = authenticator_.verify(attempt);
    EXPECT_TRUE(decision.has_value());
    EXPECT_EQ(decision->verdict == Verdict::accepted, decision->account.has_value());
    return *decision;
  }
  Verdict verdict(std::string_view name, std::string_view password, std::string_view other = {}) {
    return decide(name, password, other).verdict;
  }
  /// Hashes that `work` makes the authenticator compute.
  template <class Work>
  std::uint64_t hashes_of(Work work) {
    const std::uint64_t before = authenticator_.hashes_computed();
    work();
    return authenticator_.hashes_computed() - before;
  }

  TestFolder folder_;
  ManualClock clock_;
  PasswordFile file_{folder_ / "users"};
  LocalAuthenticator authenticator_{
      file_,
      clock_,
      {.hash_threads = 2, .parameters = cheap, .verified_logins_max = 100, .verified_login_time_max = 60s}};
};

TEST_F(LocalAuthenticatorTest, TheRightPasswordLetsInAndNothingElseDoes) {
  EXPECT_EQ(verdict("alice", "sesame"), Verdict::accepted);
  EXPECT_EQ(verdict("bob", "open it"), Verdict::accepted);
  for (const char* wrong : {"", "Sesame", "sesame ", " sesame", "sesam", "open it"}) {
    EXPECT_EQ(verdict("alice", wrong), Verdict::refused) << wrong;
  }
  EXPECT_EQ(verdict("carol", "sesame"), Verdict::refused);
}

TEST_F(LocalAuthenticatorTest, TheAccountIsTheCanonicalOne) {
  const auto decision = decide("ALICE", "sesame");
  ASSERT_TRUE(decision.account);
  EXPECT_EQ(decision.account->name, "alice");
  EXPECT_EQ(decision.account->drop.text(), "alice");
}

// CVE-2023-27582 (maddy) took the authorization identity as it came.
TEST_F(LocalAuthenticatorTest, NobodyMayActForSomebodyElse) {
  EXPECT_EQ(verdict("alice", "sesame", "bob"), Verdict::refused);
  EXPECT_EQ(verdict("alice", "sesame", "nobody"), Verdict::refused);
  EXPECT_EQ(verdict("alice", "sesame", "alice@"), Verdict::refused);
  EXPECT_EQ(verdict("alice", "sesame", " "), Verdict::refused);
  EXPECT_EQ(verdict("alice", "sesame", "Alice"), Verdict::accepted);
  const auto decision = decide("alice", "sesame", "alice");
  ASSERT_TRUE(decision.account);
  EXPECT_EQ(decision.account->name, "alice");
}

TEST_F(LocalAuthenticatorTest, WhatCannotBeANameOrAPasswordIsRefusedUnhashed) {
  const std::string endless(limits::password_octets_max + 1, 'x');
  EXPECT_EQ(hashes_of([&] {
              EXPECT_EQ(verdict("", "sesame"), Verdict::refused);
              EXPECT_EQ(verdict("alice:", "sesame"), Verdict::refused);
              EXPECT_EQ(verdict("alice\n", "sesame"), Verdict::refused);
              EXPECT_EQ(verdict("alice\tmaster=root", "sesame"), Verdict::refused);
              EXPECT_EQ(verdict(std::string_view("alice\0", 6), "sesame"), Verdict::refused);
              EXPECT_EQ(verdict("#alice", "sesame"), Verdict::refused);
              EXPECT_EQ(verdict("alice", endless), Verdict::refused);
              EXPECT_EQ(verdict("alice", std::string_view("sesame\0x", 8)), Verdict::refused);
              EXPECT_EQ(verdict("alice", "sesame\r"), Verdict::refused);
              EXPECT_EQ(verdict("carol", endless), Verdict::refused);
            }),
            0U);
}

TEST_F(LocalAuthenticatorTest, AnUnknownUserCostsExactlyOneHashLikeAKnownOneEachTime) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(hashes_of([&] { verdict("alice", "wrong"); }), 1U);
    EXPECT_EQ(hashes_of([&] { verdict("carol", "wrong"); }), 1U);
  }
}

TEST_F(LocalAuthenticatorTest, AUserWithoutAUsableHashCostsOneHashToo) {
  users("locked:!" + hash("sesame") + "\nunknown:{NOPE}sesame\nnone:\n");
  for (const char* name : {"locked", "unknown", "none", "carol"}) {
    EXPECT_EQ(hashes_of([&] { EXPECT_EQ(verdict(name, "sesame"), Verdict::refused); }), 1U) << name;
  }
}

TEST_F(LocalAuthenticatorTest, AnUnknownUserCostsOneHashInAnEmptyFile) {
  users("");
  EXPECT_EQ(hashes_of([&] { EXPECT_EQ(verdict("carol", "x"), Verdict::refused); }), 1U);
}

// The hash of somebody else is computed for an unknown name: its password must open nothing.
TEST_F(LocalAuthenticatorTest, ThePasswordOfAnybodyElseDoesNotLetAnUnknownUserIn) {
  users("alice:" + hash("sesame") + "\n");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(verdict("nobody" + std::to_string(i), "sesame"), Verdict::refused);
  users("alice:!" + hash("sesame") + "\nbob:" + hash("sesame") + "\n");
  EXPECT_EQ(verdict("alice", "sesame"), Verdict::refused);
}

TEST_F(LocalAuthenticatorTest, APollingClientPaysForOneHashUntilItExpires) {
  EXPECT_EQ(hashes_of([&] {
              for (int i = 0; i < 10; ++i) EXPECT_EQ(verdict("alice", "sesame"), Verdict::accepted);
            }),
            1U);
  clock_.advance(60s);
  EXPECT_EQ(hashes_of([&] { EXPECT_EQ(verdict("alice", "sesame"), Verdict::accepted); }), 1U);
}

TEST_F(LocalAuthenticatorTest, WrongPasswordsAreHashedEachTime) {
  EXPECT_EQ(hashes_of([&] {
              for (int i = 0; i < 5; ++i) EXPECT_EQ(verdict("alice", "wrong"), Verdict::refused);
            }),
            5U);
}

// CVE-2019-3814, CVE-2022-30550, CVE-2025-30189 (Dovecot): one user's cached login answered for another's.
TEST_F(LocalAuthenticatorTest, WhatIsCachedForOneUserIsNothingToAnother) {
  users("alice:" + hash("sesame") + "\nbob:" + hash("open it") + "\nab:" + hash("c") + "\na:" + hash("bc") + "\n");
  EXPECT_EQ(verdict("alice", "sesame"), Verdict::accepted);
  EXPECT_EQ(verdict("bob", "sesame"), Verdict::refused);
  EXPECT_EQ(verdict("carol", "sesame"), Verdict::refused);
  EXPECT_EQ(verdict("ab", "c"), Verdict::accepted);
  EXPECT_EQ(verdict("a", "c"), Verdict::refused);
  EXPECT_EQ(verdict("a", "bc"), Verdict::accepted);
}

TEST_F(LocalAuthenticatorTest, AChangedPasswordCountsAtOnce) {
  EXPECT_EQ(verdict("alice", "sesame"), Verdict::accepted);
  ASSERT_TRUE(file_.set_password("alice", hash("new one")).has_value());
  EXPECT_EQ(verdict("alice", "sesame"), Verdict::refused);
  EXPECT_EQ(verdict("alice", "new one"), Verdict::accepted);
}

TEST_F(LocalAuthenticatorTest, ARemovedOrLockedUserIsOutAtOnce) {
  EXPECT_EQ(verdict("alice", "sesame"), Verdict::accepted);
  EXPECT_EQ(verdict("bob", "open it"), Verdict::accepted);
  ASSERT_TRUE(file_.remove("alice").has_value());
  ASSERT_TRUE(file_.set_password("bob", "!").has_value());
  EXPECT_EQ(verdict("alice", "sesame"), Verdict::refused);
  EXPECT_EQ(verdict("bob", "open it"), Verdict::refused);
}

TEST_F(LocalAuthenticatorTest, AChangeOfTheFileDropsWhatIsCached) {
  EXPECT_EQ(verdict("alice", "sesame"), Verdict::accepted);
  ASSERT_TRUE(file_.add("carol", hash("x")).has_value());
  EXPECT_EQ(hashes_of([&] { EXPECT_EQ(verdict("alice", "sesame"), Verdict::accepted); }), 1U);
}

TEST_F(LocalAuthenticatorTest, WithoutTheFileNothingIsDecided) {
  EXPECT_EQ(verdict("alice", "sesame"), Verdict::accepted);
  std::filesystem::remove(folder_ / "users");
  account::LoginAttempt attempt;
  attempt.login.authentication_identity = "alice";
  attempt.login.password = Secret("sesame");
  const auto decision = authenticator_.verify(attempt);
  ASSERT_FALSE(decision.has_value());
  EXPECT_TRUE(decision.error() == Failure::temporary);
}

TEST_F(LocalAuthenticatorTest, ManyAtOnceAreEachDecidedRightly) {
  std::vector<std::thread> clients;
  for (int client = 0; client < 8; ++client) {
    clients.emplace_back([this, client] {
      for (int i = 0; i < 30; ++i) {
        EXPECT_EQ(verdict("alice", "sesame"), Verdict::accepted);
        EXPECT_EQ(verdict("bob", client % 2 == 0 ? "open it" : "sesame"),
                  client % 2 == 0 ? Verdict::accepted : Verdict::refused);
        EXPECT_EQ(verdict("carol" + std::to_string(client), "sesame"), Verdict::refused);
      }
    });
  }
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(file_.add("extra", hash("x")).has_value());
    EXPECT_TRUE(file_.remove("extra").has_value());
  }
  for (auto& client : clients) client.join();
}

// --- HashingSlots ----------------------------------------------------------------------------------------------------

TEST(HashingSlots, NoMoreThanTheNumberAreEverHeldAndAllGetATurn) {
  HashingSlots slots(3);
  std::atomic<int> held{0};
  std::atomic<int> most{0};
  std::atomic<int> turns{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 12; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const HashingSlots::Holder slot(slots);
        const int now = ++held;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::yield();
        --held;
        ++turns;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(most, 3);
  EXPECT_EQ(turns, 600);
}

TEST(HashingSlots, ThereIsAlwaysOne) {
  HashingSlots slots(0);
  const HashingSlots::Holder slot(slots);
}

}  // namespace
}  // namespace fermo::auth
