#include "keys/answer.h"

#include <gtest/gtest.h>

#include "keys/test_identity.h"
#include "keys/wire.h"

namespace fermo::keys {
namespace {

using namespace std::chrono_literals;

class AnswerTest : public testing::Test {
 protected:
  void SetUp() override {
    const test::TestIdentity identity(KeyKind::ec);
    ASSERT_TRUE(ring_.add(identity.certificate_pem(), identity.key_pem()));
  }

  template <class Expected>
  Expected ask(const Request& request) {
    return std::get<Expected>(decode_reply(answer(ring_, ticket_keys_, encode(request), now_).value()).value());
  }

  KeyRing ring_;
  tickets::TicketKeys ticket_keys_{12h};
  tickets::TicketKeys::Clock::time_point now_ = tickets::TicketKeys::Clock::time_point(1000h);
};

TEST_F(AnswerTest, GreetsWithTheNumberOfKeys) {
  EXPECT_EQ(ask<reply::Welcome>(request::Hello{}).keys, 1);
}

TEST_F(AnswerTest, RefusesAnotherVersion) {
  EXPECT_EQ(ask<reply::Failed>(request::Hello{protocol_version + 1}).error, Error::unsupported);
}

TEST_F(AnswerTest, GivesCertificatesSignaturesAndTicketKeys) {
  EXPECT_EQ(ask<reply::Certificates>(request::GetCertificates{0}).chain, ring_.chain(0).value());
  const request::Sign sign{0, Scheme::ecdsa_sha256, test::certificate_verify()};
  EXPECT_FALSE(ask<reply::Signature>(sign).octets.empty());
  EXPECT_EQ(ask<reply::TicketKeys>(request::GetTicketKeys{}).set.current, ticket_keys_.current(now_));
}

TEST_F(AnswerTest, SaysWhyItDoesNotSign) {
  EXPECT_EQ(ask<reply::Failed>(request::GetCertificates{1}).error, Error::no_such_key);
  EXPECT_EQ(ask<reply::Failed>(request::Sign{0, Scheme::ecdsa_sha256, "anything"}).error, Error::not_allowed);
  EXPECT_EQ(ask<reply::Failed>(request::Sign{9, Scheme::ecdsa_sha256, "anything"}).error, Error::no_such_key);
}

TEST_F(AnswerTest, HasNoneForWhatIsNoRequest) {
  EXPECT_FALSE(answer(ring_, ticket_keys_, "", now_));
  EXPECT_FALSE(answer(ring_, ticket_keys_, "\x7f", now_));
  EXPECT_FALSE(answer(ring_, ticket_keys_, encode(Request(request::GetTicketKeys{})) + "x", now_));
}

}  // namespace
}  // namespace fermo::keys
