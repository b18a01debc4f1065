#include "auth/throttled_authenticator.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "auth/error.h"
#include "base/clock.h"

namespace fermo::auth {
namespace {

using sasl::Verdict;
using namespace std::chrono_literals;

/// Everybody's password is "right"; counts what it is asked.
class Gate final : public account::Authenticator {
 public:
  Result<account::LoginDecision> verify(const account::LoginAttempt& attempt) override {
    ++asked;
    if (broken) return make_error_code(Error::input_output);
    if (attempt.login.password.reveal() != "right") return account::LoginDecision{};
    return account::LoginDecision{Verdict::accepted, account::account_named(attempt.login.authentication_identity)};
  }
  int asked = 0;
  bool broken = false;
};

class ThrottledAuthenticatorTest : public testing::Test {
 protected:
  std::optional<Verdict> login(const std::string& origin, const std::string& name, std::string_view password) {
    account::LoginAttempt attempt;
    attempt.login.authentication_identity = name;
    attempt.login.password = Secret(password);
    attempt.origin = origin;
    const auto decision = authenticator_.verify(attempt);
    return decision ? std::optional(decision->verdict) : std::nullopt;
  }
  Verdict guess(const std::string& origin, const std::string& name = "anna") {
    return login(origin, name, "wrong").value();
  }
  /// Guesses at `name` from many addresses, until an address that failed before is not let through.
  int exhaust(const std::string& name) {
    for (int guesses = 0; guesses < 1000; ++guesses) {
      if (guess("10.0.0." + std::to_string(guesses % 20), name) == Verdict::throttled) return guesses;
    }
    return 1000;
  }

  static constexpr const char* exempt = "192.0.2.200";

  Gate gate_;
  ManualClock clock_;
  ThrottledAuthenticator authenticator_{gate_, clock_, GuessLimits{10, 100},
                                        [](const account::LoginAttempt& attempt) { return attempt.origin == exempt; }};
};

TEST_F(ThrottledAuthenticatorTest, AnAddressMayFailSoOftenInAMinute) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(guess("192.0.2.1", "user" + std::to_string(i)), Verdict::refused);
  EXPECT_EQ(guess("192.0.2.1"), Verdict::throttled);
  EXPECT_EQ(login("192.0.2.1", "anna", "right"), Verdict::throttled);
  EXPECT_EQ(gate_.asked, 10) << "what is throttled is not looked at";
  EXPECT_EQ(guess("192.0.2.2"), Verdict::refused) << "others are not concerned";
}

TEST_F(ThrottledAuthenticatorTest, AMinuteLaterThereIsRoomAgain) {
  guess("192.0.2.1");
  clock_.advance(30s);
  for (int i = 0; i < 9; ++i) guess("192.0.2.1");
  EXPECT_EQ(guess("192.0.2.1"), Verdict::throttled);
  clock_.advance(30s);
  EXPECT_EQ(guess("192.0.2.1"), Verdict::refused) << "the first failure is a minute old";
  EXPECT_EQ(guess("192.0.2.1"), Verdict::throttled) << "the others are not";
  clock_.advance(30s);
  EXPECT_EQ(login("192.0.2.1", "anna", "right"), Verdict::accepted);
}

TEST_F(ThrottledAuthenticatorTest, RightPasswordsAreNotCounted) {
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(login("192.0.2.1", "anna", "right"), Verdict::accepted);
}

TEST_F(ThrottledAuthenticatorTest, WhatCannotBeDecidedIsNotCounted) {
  gate_.broken = true;
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(login("192.0.2.1", "anna", "wrong"), std::nullopt);
  gate_.broken = false;
  EXPECT_EQ(login("192.0.2.1", "anna", "right"), Verdict::accepted);
}

TEST_F(ThrottledAuthenticatorTest, AnAccountMayBeGuessedAtSoOftenInAMinute) {
  EXPECT_EQ(exhaust("anna"), 80);
  int let_through = 0;
  for (int i = 0; i < 200; ++i) {
    if (guess("198.51." + std::to_string(i) + ".7") == Verdict::refused) ++let_through;
  }
  EXPECT_EQ(let_through, 20);
  EXPECT_EQ(gate_.asked, 100);
  EXPECT_EQ(guess("192.0.2.77", "berta"), Verdict::refused) << "other accounts are not concerned";
}

TEST_F(ThrottledAuthenticatorTest, TheOwnerGetsInFromElsewhere) {
  exhaust("anna");
  EXPECT_EQ(login("203.0.113.5", "anna", "right"), Verdict::accepted) << "from an address that has not failed";
}

TEST_F(ThrottledAuthenticatorTest, TheOwnerGetsInHoweverManyAddressesOneNetworkHas) {
  exhaust("anna");
  for (int i = 0; i < 1000; ++i) guess("198.51.100." + std::to_string(i % 256));
  for (int i = 0; i < 1000; ++i) guess("2001:db8:1:" + std::to_string(i) + "::");
  EXPECT_EQ(login("2001:db8:2:1::", "anna", "right"), Verdict::accepted);
  EXPECT_EQ(login("198.51.101.1", "anna", "right"), Verdict::accepted);
}

TEST_F(ThrottledAuthenticatorTest, ANetworkIsNewAgainAfterAWhile) {
  EXPECT_EQ(guess("198.51.100.1"), Verdict::refused);
  clock_.advance(limits::newcomer_time_min - 1min);
  exhaust("anna");
  EXPECT_EQ(guess("198.51.100.2"), Verdict::throttled);
  clock_.advance(1min);
  exhaust("anna");
  EXPECT_EQ(guess("198.51.100.3"), Verdict::refused);
}

TEST_F(ThrottledAuthenticatorTest, TheOwnerGetsInFromWhereTheyLoggedInBefore) {
  ASSERT_EQ(login("203.0.113.5", "anna", "right"), Verdict::accepted);
  clock_.advance(1h);
  exhaust("anna");
  for (int i = 0; i < 100; ++i) guess("198.51." + std::to_string(i) + ".7");
  ASSERT_EQ(login("203.0.113.6", "anna", "right"), Verdict::throttled) << "nothing is left for newcomers";
  EXPECT_EQ(login("203.0.113.5", "anna", "right"), Verdict::accepted);
  for (int i = 0; i < 10; ++i) guess("203.0.113.5");
  EXPECT_EQ(login("203.0.113.5", "anna", "right"), Verdict::throttled) << "its own failures count there too";
}

TEST_F(ThrottledAuthenticatorTest, NamesThatDoNotExistAreCountedAlike) {
  const int known = exhaust("anna");
  clock_.advance(1min);
  EXPECT_EQ(exhaust("nobody"), known);
}

TEST_F(ThrottledAuthenticatorTest, WhoIsExemptIsNotCounted) {
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(guess(exempt), Verdict::refused);
}

/// Whoever has no origin to name is one of them.
TEST_F(ThrottledAuthenticatorTest, NoOriginIsAnOriginToo) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(guess("", "user" + std::to_string(i)), Verdict::refused);
  EXPECT_EQ(guess(""), Verdict::throttled);
}

TEST_F(ThrottledAuthenticatorTest, AClockThatIsSetBackLocksNobodyOut) {
  for (int i = 0; i < 10; ++i) guess("192.0.2.1");
  clock_.advance(-24h);
  EXPECT_EQ(guess("192.0.2.1"), Verdict::refused);
}

TEST_F(ThrottledAuthenticatorTest, OnlySoManyAddressesAreRemembered) {
  GuessLimiter limiter(clock_, GuessLimits{1, 1'000'000});
  EXPECT_TRUE(limiter.begin("first", "anna"));
  EXPECT_FALSE(limiter.begin("first", "anna"));
  for (std::size_t i = 0; i < limits::guess_counts_max; ++i) limiter.begin(std::to_string(i), "anna");
  EXPECT_TRUE(limiter.begin("first", "anna")) << "was forgotten for those that came later";
}

TEST_F(ThrottledAuthenticatorTest, AnAddressThatIsThrottledMakesNothingForgotten) {
  exhaust("anna");
  for (std::size_t i = 0; i <= limits::guess_counts_max; ++i) guess("192.0.2.1", "user" + std::to_string(i));
  EXPECT_EQ(guess("10.0.0.1", "anna"), Verdict::throttled);
}

}  // namespace
}  // namespace fermo::auth
