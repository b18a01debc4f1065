#include "keys/key_client.h"

#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "ipc/frame_socket.h"
#include "keys/error.h"
#include "keys/key_service.h"
#include "keys/shared_ticket_keys.h"
#include "keys/test_identity.h"
#include "keys/test_tls.h"

namespace fermo::keys {
namespace {

using namespace std::chrono_literals;

std::vector<Descriptor> only(Descriptor socket) {
  std::vector<Descriptor> sockets;
  sockets.push_back(std::move(socket));
  return sockets;
}

/// Serves on the other end of a pair until that is closed.
class Holder {
 public:
  Holder() {
    const test::TestIdentity identity(KeyKind::ec);
    ring_.add(identity.certificate_pem(), identity.key_pem()).value();
  }
  ~Holder() {
    if (service_.joinable()) service_.join();
  }

  Descriptor start() {
    auto pair = test::socket_pair();
    service_ = std::thread(
        [this, sockets = only(std::move(pair.theirs))]() mutable { serve(ring_, ticket_keys_, std::move(sockets)); });
    return std::move(pair.ours);
  }

 private:
  KeyRing ring_;
  tickets::TicketKeys ticket_keys_{12h};
  std::thread service_;
};

TEST(KeyClientTest, AsksForAllThatThereIs) {
  Holder holder;
  KeyClient client(only(holder.start()), 30s);
  EXPECT_EQ(client.key_count().value(), 1U);
  EXPECT_EQ(client.certificates(0)->size(), 1U);
  EXPECT_TRUE(client.sign(0, Scheme::ecdsa_sha256, test::certificate_verify()));
  EXPECT_EQ(client.sign(1, Scheme::ecdsa_sha256, test::certificate_verify()).error(), Error::no_such_key);
  EXPECT_EQ(client.sign(0, Scheme::ecdsa_sha256, "anything").error(), Error::not_allowed);
  EXPECT_EQ(client.ticket_keys()->current, client.ticket_keys()->current);
}

TEST(KeyClientTest, RefusesWhatIsTooLongWithoutAsking) {
  KeyClient client({});
  EXPECT_EQ(client.sign(0, Scheme::ed25519, std::string(limits::keys_content_octets_max + 1, 'c')).error(),
            Error::not_allowed);
}

TEST(KeyClientTest, GivesUpAtOnceWithoutAConnection) {
  KeyClient client({}, 1h);
  EXPECT_EQ(client.key_count().error(), Error::unavailable);
}

TEST(KeyClientTest, NoticesThatTheOtherSideHasGone) {
  auto pair = test::socket_pair();
  KeyClient client(only(std::move(pair.ours)), 1h);
  {
    const Descriptor gone = std::move(pair.theirs);
  }
  EXPECT_EQ(client.key_count().error(), Error::unavailable);
  EXPECT_EQ(client.key_count().error(), Error::unavailable) << "and asks nobody any more";
}

TEST(KeyClientTest, WaitsNoLongerThanItMay) {
  auto pair = test::socket_pair();
  KeyClient client(only(std::move(pair.ours)), 50ms);
  EXPECT_EQ(client.key_count().error(), Error::unavailable);
  EXPECT_EQ(client.key_count().error(), Error::unavailable);
}

TEST(KeyClientTest, IsUsedAgainWhenTheOtherSideHasStoodStill) {
  auto pair = test::socket_pair();
  KeyClient client(only(std::move(pair.ours)), 50ms);
  ipc::FrameSocket other(std::move(pair.theirs));
  EXPECT_EQ(client.key_count().error(), Error::unavailable);
  ASSERT_TRUE(other.send(encode(Reply(reply::Welcome{7}))));
  ASSERT_TRUE(other.send(encode(Reply(reply::Welcome{2}))));
  EXPECT_EQ(client.key_count().value(), 2U);
}

TEST(KeyClientTest, BelievesNoNonsense) {
  for (const std::string& nonsense : {std::string(1, '\x7f'), encode(Reply(reply::Signature{"not asked for"}))}) {
    auto pair = test::socket_pair();
    ipc::FrameSocket other(std::move(pair.theirs));
    ASSERT_TRUE(other.send(nonsense));
    KeyClient client(only(std::move(pair.ours)), 1h);
    EXPECT_EQ(client.key_count().error(), Error::unavailable);
  }
}

TEST(KeyClientTest, TellsThatTheOtherSideHasAnotherVersion) {
  auto pair = test::socket_pair();
  ipc::FrameSocket other(std::move(pair.theirs));
  ASSERT_TRUE(other.send(encode(Reply(reply::Failed{Error::unsupported}))));
  KeyClient client(only(std::move(pair.ours)), 1h);
  EXPECT_EQ(client.key_count().error(), Error::unsupported);
}

TEST(KeyClientTest, GoesOnWithNewConnections) {
  Holder holder;
  KeyClient client({}, 30s);
  ASSERT_FALSE(client.key_count());
  client.replace(only(holder.start()));
  EXPECT_EQ(client.key_count().value(), 1U);
  client.replace({});
  EXPECT_EQ(client.key_count().error(), Error::unavailable);
}

TEST(KeyClientTest, ThreadsTakeTurnsOnOneConnection) {
  Holder holder;
  KeyClient client(only(holder.start()), 60s);
  std::vector<std::future<bool>> signatures;
  for (int i = 0; i < 8; ++i) {
    signatures.push_back(std::async(std::launch::async, [&client] {
      return client.sign(0, Scheme::ecdsa_sha256, test::certificate_verify()).has_value();
    }));
  }
  for (auto& signature : signatures) EXPECT_TRUE(signature.get());
}

TEST(SharedTicketKeysTest, AreTheOnesOfTheOtherSide) {
  Holder holder;
  KeyClient client(only(holder.start()), 30s);
  SharedTicketKeys keys(client);
  const auto set = client.ticket_keys();
  EXPECT_EQ(keys.current(), set->current);
  EXPECT_TRUE(keys.find(set->current.name)->current);
  EXPECT_FALSE(keys.find(tickets::TicketKey::Name{}).has_value());
}

TEST(SharedTicketKeysTest, AreUsedOnWhenTheOtherSideHasGone) {
  Holder holder;
  KeyClient client(only(holder.start()), 30s);
  SharedTicketKeys keys(client);
  const auto before = keys.current();
  client.replace({});
  keys.forget_time();
  EXPECT_EQ(keys.current(), before);
}

TEST(SharedTicketKeysTest, AreNoneWithoutTheOtherSide) {
  KeyClient client({});
  SharedTicketKeys keys(client);
  EXPECT_FALSE(keys.current().has_value());
}

TEST(SharedTicketKeysTest, AreThereAsSoonAsTheOtherSideIs) {
  KeyClient client({});
  SharedTicketKeys keys(client);
  ASSERT_FALSE(keys.current().has_value());
  Holder holder;
  client.replace(only(holder.start()));
  EXPECT_TRUE(keys.current().has_value());
  client.replace({});
}

TEST(SharedTicketKeysTest, AreThoseOfANewOtherSideWhenTold) {
  Holder first;
  Holder second;
  KeyClient client(only(first.start()), 30s);
  SharedTicketKeys keys(client);
  const auto before = keys.current();
  client.replace(only(second.start()));
  EXPECT_EQ(keys.current(), before);
  keys.forget_time();
  EXPECT_NE(keys.current(), before);
  client.replace({});
}

}  // namespace
}  // namespace fermo::keys
