#include "keys/remote_keys.h"

#include <fcntl.h>

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "keys/error.h"
#include "keys/key_client.h"
#include "keys/key_service.h"
#include "keys/shared_ticket_keys.h"
#include "keys/test_identity.h"
#include "keys/test_tls.h"
#include "tickets/seal.h"

namespace fermo::keys {
namespace {

using namespace std::chrono_literals;
using test::TlsCase;

/// The process that holds the keys, here a thread of this one.
class RemoteKeysTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const KeyKind kind : {KeyKind::rsa, KeyKind::ec, KeyKind::ed25519}) {
      const test::TestIdentity identity(kind);
      ASSERT_TRUE(ring_.add(identity.certificate_pem(), identity.key_pem()));
      trusted_.push_back(ring_.chain(static_cast<KeyNumber>(ring_.size() - 1))->front());
    }
    auto pair = test::socket_pair();
    std::vector<Descriptor> ours;
    std::vector<Descriptor> theirs;
    ours.push_back(std::move(pair.ours));
    theirs.push_back(std::move(pair.theirs));
    client_ = std::make_unique<KeyClient>(std::move(ours), 30s);
    service_ =
        std::thread([this, sockets = std::move(theirs)]() mutable { serve(ring_, ticket_keys_, std::move(sockets)); });
    remote_ = RemoteKeys::make(*client_);
    ASSERT_NE(remote_, nullptr);
    for (KeyNumber key = 0; key < ring_.size(); ++key) {
      auto identity = remote_->identity(key, client_->certificates(key).value());
      ASSERT_TRUE(identity) << identity.error().message();
      identities_.push_back(std::move(*identity));
    }
  }

  void TearDown() override {
    client_->replace({});
    service_.join();
  }

  /// One round of octets for each side in turn, until both are done or one has failed.
  static bool shake_hands(SSL* client, SSL* server) {
    for (int i = 0; i < 20; ++i) {
      const int there = SSL_do_handshake(client);
      const int here = SSL_do_handshake(server);
      if (there == 1 && here == 1) return true;
    }
    return false;
  }

  struct Conversation {
    test::Pair sockets = test::socket_pair();
    test::SslPointer client;
    test::SslPointer server;
    bool established = false;
  };

  Conversation converse(SSL_CTX* server, SSL_CTX* client, SSL_SESSION* resumed = nullptr) {
    Conversation conversation;
    ::fcntl(conversation.sockets.ours.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(conversation.sockets.theirs.get(), F_SETFL, O_NONBLOCK);
    conversation.server = test::connection(server, conversation.sockets.ours, true);
    conversation.client = test::connection(client, conversation.sockets.theirs, false);
    if (resumed != nullptr) SSL_set_session(conversation.client.get(), resumed);
    conversation.established = shake_hands(conversation.client.get(), conversation.server.get());
    return conversation;
  }

  KeyRing ring_;
  tickets::TicketKeys ticket_keys_{12h};
  std::vector<std::string> trusted_;
  std::unique_ptr<KeyClient> client_;
  std::thread service_;
  std::unique_ptr<RemoteKeys> remote_;
  std::vector<Identity> identities_;
};

TEST_F(RemoteKeysTest, SignHandshakesOfEachKind) {
  const auto server = test::server_context(*remote_, identities_);
  ASSERT_NE(server, nullptr);
  for (const TlsCase& wanted : test::all_cases()) {
    const auto client = test::client_context(wanted, trusted_);
    const auto conversation = converse(server.get(), client.get());
    EXPECT_TRUE(conversation.established) << wanted.name << ": " << test::tls_error();
    EXPECT_EQ(SSL_get_verify_result(conversation.client.get()), X509_V_OK) << wanted.name;
  }
}

TEST_F(RemoteKeysTest, ServeManyConnectionsAtOnce) {
  const auto server = test::server_context(*remote_, identities_);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto client = test::client_context(test::all_cases()[2], trusted_);
      for (int n = 0; n < 10; ++n) EXPECT_TRUE(converse(server.get(), client.get()).established);
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST_F(RemoteKeysTest, DoNotBelongToTheCertificateOfAnother) {
  test::ContextPointer context(SSL_CTX_new_ex(remote_->library(), nullptr, TLS_server_method()));
  const test::TestIdentity other(KeyKind::rsa);
  ASSERT_EQ(SSL_CTX_use_certificate(context.get(), other.certificate.get()), 1);
  EXPECT_NE(SSL_CTX_use_PrivateKey(context.get(), identities_[0].key.get()), 1);
}

TEST_F(RemoteKeysTest, GiveNothingPrivateAway) {
  for (const Identity& identity : identities_) {
    BIGNUM* number = nullptr;
    EXPECT_EQ(EVP_PKEY_get_bn_param(identity.key.get(), OSSL_PKEY_PARAM_RSA_D, &number), 0);
    EXPECT_EQ(EVP_PKEY_get_bn_param(identity.key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &number), 0);
    const KeyContextPointer context(EVP_PKEY_CTX_new_from_pkey(remote_->library(), identity.key.get(), nullptr));
    EXPECT_LE(EVP_PKEY_sign_init(context.get()), 0) << "of a digest made here";
  }
}

TEST_F(RemoteKeysTest, FailTheHandshakeWhenNobodyHoldsTheKeysAnyMore) {
  const auto server = test::server_context(*remote_, identities_);
  client_->replace({});
  const auto client = test::client_context(test::all_cases()[0], trusted_);
  auto conversation = converse(server.get(), client.get());
  EXPECT_FALSE(conversation.established);
}

TEST_F(RemoteKeysTest, RefuseCertificatesThatAreNone) {
  EXPECT_EQ(remote_->identity(0, {}).error(), Error::bad_certificate);
  EXPECT_EQ(remote_->identity(0, {"junk"}).error(), Error::bad_certificate);
  EXPECT_EQ(remote_->identity(0, {trusted_[0] + "x"}).error(), Error::bad_certificate);
}

/// The last session that a client got.
int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* kept = static_cast<std::shared_ptr<SSL_SESSION>*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  kept->reset(session, &SSL_SESSION_free);
  return 1;
}

TEST_F(RemoteKeysTest, ResumeASessionOfAServerThatWasStartedAnew) {
  for (const TlsCase& wanted : {test::all_cases()[2], test::all_cases()[7]}) {
    const auto client = test::client_context(wanted, trusted_);
    std::shared_ptr<SSL_SESSION> session;
    SSL_CTX_set_app_data(client.get(), &session);
    SSL_CTX_set_session_cache_mode(client.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(client.get(), &keep_session);
    std::vector<bool> resumed;
    for (int i = 0; i < 2; ++i) {
      SharedTicketKeys ticket_keys(*client_);
      const auto server = test::server_context(*remote_, identities_);
      ASSERT_TRUE(tickets::seal_with(server.get(), ticket_keys));
      const auto conversation = converse(server.get(), client.get(), session.get());
      ASSERT_TRUE(conversation.established) << wanted.name;
      resumed.push_back(SSL_session_reused(conversation.client.get()) == 1);
      char octet = 0;
      SSL_read(conversation.client.get(), &octet, 1);  // the ticket of TLS 1.3
      SSL_set_shutdown(conversation.client.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
      ASSERT_NE(session, nullptr);
    }
    EXPECT_THAT(resumed, testing::ElementsAre(false, true)) << wanted.name;
  }
}

}  // namespace
}  // namespace fermo::keys
