#include <fstream>

#include "runtime/self_signed.h"
#include "server/server_harness.h"

namespace fermo::server {
namespace {

using test::Client;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using Tls = test::ServerTest;

TEST_F(Tls, IsThereFromTheFirstOctetOnPop3s) {
  deliver(message(50'000));
  start();
  Client client = pop3s();
  ASSERT_EQ(client.start_tls({.alpn = "pop3"}), "");
  log_in(client);
  EXPECT_THAT(client.ask("RETR 1"), StartsWith("+OK"));
  EXPECT_EQ(client.lines().size(), deliver(message(50'000)).size());
  EXPECT_THAT(client.ask("QUIT"), StartsWith("+OK"));
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(client.tls().close_notify_received());
  EXPECT_THAT(kept_log_->line_with("service=pop3s"), HasSubstr("tls=\"TLSv1.3 TLS_AES_256_GCM_SHA384\" user=ann"));
}

TEST_F(Tls, BeginsWithStls) {
  start();
  Client client = pop3();
  client.line();
  EXPECT_THAT(client.ask("STLS"), StartsWith("+OK"));
  ASSERT_EQ(client.start_tls(), "");
  EXPECT_THAT(client.ask("USER ann"), StartsWith("+OK"));
  EXPECT_THAT(client.ask("PASS secret words"), StartsWith("+OK"));
  EXPECT_THAT(client.ask("STLS"), StartsWith("-ERR"));
  EXPECT_THAT(client.ask("QUIT"), StartsWith("+OK"));
}

TEST_F(Tls, ForgetsTheUserWhoWasNamedInTheClear) {
  start();
  Client client = pop3();
  client.line();
  EXPECT_THAT(client.ask("USER ann"), StartsWith("+OK"));
  EXPECT_THAT(client.ask("STLS"), StartsWith("+OK"));
  ASSERT_EQ(client.start_tls(), "");
  EXPECT_THAT(client.ask("PASS secret words"), StartsWith("-ERR"));
}

TEST_F(Tls, OctetsBehindStlsInTheSameSegmentEndTheConnection) {
  start();
  Client client = pop3();
  client.line();
  client.send("STLS\r\nUSER ann\r\n");
  EXPECT_EQ(client.rest(), "");
  EXPECT_THAT(kept_log_->line_with("service=pop3"), HasSubstr("end=protocol-violation"));
}

TEST_F(Tls, OctetsBehindStlsInALaterSegmentAreNeverCommands) {
  start();
  Client client = pop3();
  client.line();
  EXPECT_THAT(client.ask("STLS"), StartsWith("+OK"));
  client.send("USER ann\r\nPASS secret words\r\nDELE 1\r\nQUIT\r\n");
  EXPECT_THAT(client.rest(), Not(HasSubstr("+OK")));
  const std::string line = kept_log_->line_with("service=pop3");
  EXPECT_THAT(line, HasSubstr("commands=1 "));
  EXPECT_THAT(line, HasSubstr("end=tls-failed why=\"wrong version number\""));
}

TEST_F(Tls, TurnsAwayAClientOfAnotherProtocol) {
  start();
  Client client = pop3s();
  EXPECT_THAT(client.start_tls({.alpn = "http/1.1"}), HasSubstr("no application protocol"));
  EXPECT_THAT(kept_log_->line_with("service=pop3s"), HasSubstr("end=tls-failed"));
}

TEST_F(Tls, TurnsAwayTls11) {
  start();
  Client client = pop3s();
  EXPECT_NE(client.start_tls({.version_min = TLS1_VERSION, .version_max = TLS1_1_VERSION, .ciphers = "ALL@SECLEVEL=0"}),
            "");
}

TEST_F(Tls, ResumesASessionOnWhateverCoreTheNextConnectionLives) {
  config_.threads = 4;
  start();
  runtime::test::TlsClient::Session session;
  {
    Client client = pop3s();
    ASSERT_EQ(client.start_tls(), "");
    client.line();
    session = client.tls().session();
  }
  ASSERT_NE(session, nullptr);
  for (int i = 0; i < 12; ++i) {
    Client client = pop3s();
    ASSERT_EQ(client.start_tls({}, session), "");
    client.line();
    EXPECT_TRUE(client.tls().resumed());
    session = client.tls().session();  // a ticket of TLS 1.3 is used once
  }
  EXPECT_NE(kept_log_->line_with(" resumed\""), "");
}

TEST_F(Tls, MakesACertificateAtFirstStartAndKeepsIt) {
  start();
  EXPECT_THAT(kept_log_->all(), HasSubstr("made the self-signed certificate"));
  Client first = pop3s();
  ASSERT_EQ(first.start_tls(), "");
  server_.reset();
  start();
  Client second = pop3s();
  ASSERT_EQ(second.start_tls(), "");
  EXPECT_EQ(X509_cmp(first.tls().certificate().get(), second.tls().certificate().get()), 0);
}

TEST_F(Tls, UsesANewCertificateAfterReloadAndKeepsOldSessions) {
  start();
  Client before = pop3s();
  ASSERT_EQ(before.start_tls(), "");
  log_in(before);
  const auto other = runtime::ensure_self_signed(folder_.path() / "other", "new.example.org");
  ASSERT_TRUE(other);
  config_.tls.certificate = (*other).files.certificate;
  config_.tls.key = (*other).files.key;
  EXPECT_THAT(server_->reload(config_).problems, IsEmpty());
  Client after = pop3s();
  ASSERT_EQ(after.start_tls(), "");
  EXPECT_NE(X509_cmp(before.tls().certificate().get(), after.tls().certificate().get()), 0);
  EXPECT_THAT(before.ask("STAT"), StartsWith("+OK"));
}

TEST_F(Tls, KeepsTheOldCertificateWhenTheNewOneCannotBeUsed) {
  start();
  config::Config broken = config_;
  broken.tls.certificate = folder_.path() / "broken.pem";
  broken.tls.key = broken.tls.certificate;
  std::ofstream(broken.tls.certificate) << "no certificate";
  EXPECT_THAT(server_->reload(broken).problems, ElementsAre(HasSubstr("broken.pem")));
  Client client = pop3s();
  EXPECT_EQ(client.start_tls(), "");
}

TEST_F(Tls, ACertificateThatCannotBeUsedStopsTheStart) {
  config_.tls.certificate = "/nonexistent/certificate.pem";
  config_.tls.key = "/nonexistent/key.pem";
  Server server(config_, services());
  EXPECT_THAT(server.start(), ElementsAre(HasSubstr("/nonexistent/certificate.pem")));
  EXPECT_THAT(server.listening(), IsEmpty());
}

}  // namespace
}  // namespace fermo::server
