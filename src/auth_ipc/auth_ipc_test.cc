#include <sys/socket.h>

#include <array>
#include <thread>

#include <gtest/gtest.h>

#include "auth_ipc/error.h"
#include "auth_ipc/login_service.h"
#include "auth_ipc/remote_authenticator.h"
#include "auth_ipc/wire.h"
#include "base/failure.h"
#include "base/limits.h"

namespace fermo::auth_ipc {
namespace {

using namespace std::chrono_literals;

/// Lets in whoever says their own name backwards.
class Backwards final : public account::Authenticator, public account::Directory {
 public:
  Result<account::LoginDecision> verify(const account::LoginAttempt& attempt) override {
    const std::string& name = attempt.login.authentication_identity;
    if (name == "broken") return Error::unavailable;
    if (attempt.origin == "192.0.2.1") return account::LoginDecision{sasl::Verdict::throttled, {}};
    if (attempt.login.password.reveal() != std::string(name.rbegin(), name.rend())) return account::LoginDecision{};
    return account::LoginDecision{sasl::Verdict::accepted, account::account_named(name)};
  }
  Result<std::optional<account::Account>> find(const mail::Address& recipient) override {
    if (recipient.domain == "broken.example") return Error::unavailable;
    if (recipient.local_part != "ann") return std::optional<account::Account>();
    return account::account_named("ann");
  }
};

account::LoginAttempt attempt(const std::string& name, const std::string& password) {
  return {{"", name, Secret(password)}, "198.51.100.7", "pop3", "198.51.100.7"};
}

class AuthIpcTest : public testing::Test {
 protected:
  AuthIpcTest() {
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) std::abort();
    std::vector<Descriptor> ours, theirs;
    ours.emplace_back(fds[0]);
    theirs.emplace_back(fds[1]);
    pool_.replace(std::move(ours));
    service_ = std::thread(
        [this, sockets = std::move(theirs)]() mutable { serve_logins(users_, users_, std::move(sockets)); });
  }
  ~AuthIpcTest() override {
    pool_.replace({});
    service_.join();
  }

  Backwards users_;
  ipc::SocketPool pool_{10s};
  std::thread service_;
  RemoteAuthenticator authenticator_{pool_};
  RemoteDirectory directory_{pool_};
};

TEST_F(AuthIpcTest, DecisionsArriveAsTheyWereMade) {
  const auto accepted = authenticator_.verify(attempt("ann", "nna"));
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->verdict, sasl::Verdict::accepted);
  EXPECT_EQ(accepted->account->name, "ann");
  EXPECT_EQ(accepted->account->drop.text(), "ann");
  const auto refused = authenticator_.verify(attempt("ann", "wrong"));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->verdict, sasl::Verdict::refused);
  EXPECT_FALSE(refused->account);
  auto guess = attempt("ann", "nna");
  guess.origin = "192.0.2.1";
  EXPECT_EQ(authenticator_.verify(guess)->verdict, sasl::Verdict::throttled);
}

TEST_F(AuthIpcTest, WhatCannotBeDecidedLetsNobodyIn) {
  EXPECT_EQ(authenticator_.verify(attempt("broken", "nekorb")).error(), Failure::temporary);
  EXPECT_EQ(directory_.find({"ann", "broken.example"}).error(), Failure::temporary);
}

TEST_F(AuthIpcTest, RecipientsAreFoundOrNot) {
  EXPECT_EQ(directory_.find({"ann", "example.org"}).value()->name, "ann");
  EXPECT_FALSE(directory_.find({"bob", "example.org"}).value());
}

TEST_F(AuthIpcTest, WhatIsTooLongIsNobody) {
  const std::string longest(limits::auth_ipc_text_octets_max + 1, 'a');
  EXPECT_EQ(authenticator_.verify(attempt(longest, "x"))->verdict, sasl::Verdict::refused);
  EXPECT_FALSE(directory_.find({longest, ""}).value());
}

TEST_F(AuthIpcTest, WithoutTheOtherProcessNobodyIsLetIn) {
  pool_.replace({});
  EXPECT_EQ(authenticator_.verify(attempt("ann", "nna")).error(), Error::unavailable);
}

TEST(AuthIpcWire, WhatIsNoAnswerIsRefused) {
  const auto encoded = [](sasl::Verdict verdict, std::optional<account::Account> account) {
    return encode(Reply(reply::Decided{{verdict, std::move(account)}}));
  };
  EXPECT_TRUE(decode_reply(encoded(sasl::Verdict::accepted, account::account_named("ann"))));
  EXPECT_FALSE(decode_reply(encoded(sasl::Verdict::accepted, std::nullopt)));
  EXPECT_FALSE(decode_reply(encoded(sasl::Verdict::refused, account::account_named("ann"))));
  EXPECT_FALSE(decode_reply(encoded(static_cast<sasl::Verdict>(9), std::nullopt)));
  EXPECT_FALSE(decode_reply(encode(Reply(reply::Failed{})) + "x"));
  EXPECT_FALSE(decode_reply(""));
  EXPECT_FALSE(decode_request("\x03"));
  EXPECT_FALSE(decode_request(std::string("\x02\xff\xff\xff\x7f", 5)));
}

}  // namespace
}  // namespace fermo::auth_ipc
