#include "keys/key_session.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "keys/test_identity.h"

namespace fermo::keys {
namespace {

using namespace std::chrono_literals;

class KeySessionTest : public testing::Test {
 protected:
  void SetUp() override {
    const test::TestIdentity identity(KeyKind::ec);
    ASSERT_TRUE(ring_.add(identity.certificate_pem(), identity.key_pem()));
  }

  bool say(std::string_view octets) { return session_.receive(octets, now_); }
  bool say(const Request& request) { return say(frame(encode(request))); }

  /// The reply to what was said last; nothing when there is none yet.
  std::optional<Reply> heard() {
    std::string output;
    session_.take_output(output);
    if (output.size() < length_octets) return std::nullopt;
    EXPECT_EQ(output.size(), length_octets + length_of_frame(output));
    return decode_reply(std::string_view(output).substr(length_octets));
  }

  template <class Expected>
  Expected ask(const Request& request) {
    EXPECT_TRUE(say(request));
    return std::get<Expected>(heard().value());
  }

  void greet() { ask<reply::Welcome>(request::Hello{}); }

  KeyRing ring_;
  tickets::TicketKeys ticket_keys_{12h};
  tickets::TicketKeys::Clock::time_point now_ = tickets::TicketKeys::Clock::time_point(1000h);
  KeySession session_{ring_, ticket_keys_};
};

TEST_F(KeySessionTest, GreetsWithTheNumberOfKeys) {
  EXPECT_EQ(ask<reply::Welcome>(request::Hello{}).keys, 1);
}

TEST_F(KeySessionTest, RefusesAnotherVersion) {
  EXPECT_EQ(ask<reply::Failed>(request::Hello{protocol_version + 1}).error, Error::unsupported);
  EXPECT_FALSE(say(request::GetTicketKeys{}));
}

TEST_F(KeySessionTest, DoesNothingBeforeItIsGreeted) {
  EXPECT_FALSE(say(request::GetTicketKeys{}));
  EXPECT_FALSE(heard());
}

TEST_F(KeySessionTest, IsGreetedOnce) {
  greet();
  EXPECT_FALSE(say(request::Hello{}));
}

TEST_F(KeySessionTest, GivesCertificatesSignaturesAndTicketKeys) {
  greet();
  EXPECT_EQ(ask<reply::Certificates>(request::GetCertificates{0}).chain, ring_.chain(0).value());
  const request::Sign sign{0, Scheme::ecdsa_sha256, test::certificate_verify()};
  EXPECT_FALSE(ask<reply::Signature>(sign).octets.empty());
  EXPECT_EQ(ask<reply::TicketKeys>(request::GetTicketKeys{}).set.current, ticket_keys_.current(now_));
}

TEST_F(KeySessionTest, SaysWhyItDoesNotSignAndGoesOn) {
  greet();
  EXPECT_EQ(ask<reply::Failed>(request::GetCertificates{1}).error, Error::no_such_key);
  EXPECT_EQ(ask<reply::Failed>(request::Sign{0, Scheme::ecdsa_sha256, "anything"}).error, Error::not_allowed);
  EXPECT_EQ(ask<reply::Failed>(request::Sign{9, Scheme::ecdsa_sha256, "anything"}).error, Error::no_such_key);
  ask<reply::TicketKeys>(request::GetTicketKeys{});
}

TEST_F(KeySessionTest, TakesARequestOctetByOctet) {
  const std::string request = frame(encode(Request(request::Hello{})));
  for (std::size_t i = 0; i + 1 < request.size(); ++i) {
    ASSERT_TRUE(say(request.substr(i, 1)));
    ASSERT_FALSE(heard());
  }
  ASSERT_TRUE(say(request.substr(request.size() - 1)));
  EXPECT_TRUE(heard());
}

TEST_F(KeySessionTest, TakesNoSecondRequestBeforeTheReplyIsTaken) {
  ASSERT_TRUE(say(request::Hello{}));
  EXPECT_FALSE(say(request::GetTicketKeys{}));
  const std::string two = frame(encode(Request(request::Hello{}))) + frame(encode(Request(request::GetTicketKeys{})));
  KeySession other(ring_, ticket_keys_);
  EXPECT_FALSE(other.receive(two, now_));
}

TEST_F(KeySessionTest, EndsAtALengthOutOfBounds) {
  for (const std::size_t octets : {std::size_t{0}, limits::keys_request_octets_max + 1, std::size_t{0xffffffff}}) {
    KeySession session(ring_, ticket_keys_);
    std::string length;
    for (int i = 0; i < 4; ++i) length.push_back(static_cast<char>(octets >> (8 * i) & 0xff));
    EXPECT_FALSE(session.receive(length, now_)) << octets;
    EXPECT_FALSE(session.receive(frame(encode(Request(request::Hello{}))), now_)) << "it stays ended";
  }
}

}  // namespace
}  // namespace fermo::keys
