#include "runtime/tls_context.h"

#include <fstream>
#include <memory>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "runtime/error.h"
#include "runtime/self_signed.h"
#include "runtime/test_support.h"
#include "runtime/tls_session.h"
#include "runtime/tls_test_client.h"

namespace fermo::runtime {
namespace {

using test::TlsClient;
using testing::HasSubstr;

void set_non_blocking(int fd) {
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
}

/// A server's and a client's side of TLS over a pair of sockets, moved on in turn by one thread.
struct Conversation {
  Conversation(std::shared_ptr<const TlsContext> context, const TlsClient::Options& options,
               const TlsClient::Session& resumed = nullptr)
      : client(sockets.theirs, options, resumed), server(TlsSession::accept(std::move(context), sockets.ours)) {
    set_non_blocking(sockets.ours);
    set_non_blocking(sockets.theirs);
    shake_hands();
  }

  void shake_hands() {
    for (int i = 0; i < 20; ++i) {
      if (client_state == 0) client_state = client.handshake();
      if (then != Attempt::Then::done) {
        const Attempt attempt = server->handshake();
        then = attempt.then;
        outcome = attempt.outcome;
      }
    }
  }

  bool established() const { return client_state == 1 && then == Attempt::Then::done && outcome.has_value(); }

  test::SocketPair sockets;
  TlsClient client;
  std::optional<TlsSession> server;
  int client_state = 0;
  Attempt::Then then = Attempt::Then::wait_readable;
  Result<std::size_t> outcome = std::size_t{0};
};

class TlsContextTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto made = ensure_self_signed(folder_.path(), "mail.example.org");
    ASSERT_TRUE(made) << made.problem();
    files_ = (*made).files;
    auto context = TlsContext::load(files_, "pop3");
    ASSERT_TRUE(context) << context.problem();
    context_ = *context;
  }

  test::TemporaryFolder folder_;
  CertificateFiles files_;
  std::shared_ptr<const TlsContext> context_;
};

TEST_F(TlsContextTest, SpeaksTls12AndTls13) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Conversation conversation(context_, {.version_min = version, .version_max = version});
    EXPECT_TRUE(conversation.established()) << conversation.client.error();
    EXPECT_THAT(conversation.server->summary(), HasSubstr(conversation.client.version()));
  }
}

TEST_F(TlsContextTest, RefusesTls11) {
  Conversation conversation(context_,
                            {.version_min = TLS1_VERSION, .version_max = TLS1_1_VERSION, .ciphers = "ALL@SECLEVEL=0"});
  EXPECT_EQ(conversation.client_state, -1);
  EXPECT_THAT(conversation.client.error(), HasSubstr("alert protocol version"));
  ASSERT_FALSE(conversation.outcome);
  EXPECT_EQ(conversation.outcome.error().message(), "unsupported protocol");
}

TEST_F(TlsContextTest, RefusesCiphersWithoutForwardSecrecyOrAuthenticatedEncryption) {
  for (const char* ciphers : {"AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384"}) {
    Conversation conversation(context_, {.version_max = TLS1_2_VERSION, .ciphers = ciphers});
    EXPECT_EQ(conversation.client_state, -1) << ciphers;
  }
}

TEST_F(TlsContextTest, ChoosesItsProtocolWhenTheClientOffersIt) {
  Conversation conversation(context_, {.alpn = "pop3"});
  EXPECT_TRUE(conversation.established());
  EXPECT_EQ(conversation.client.alpn(), "pop3");
}

TEST_F(TlsContextTest, TakesAClientThatOffersNoProtocol) {
  Conversation conversation(context_, {});
  EXPECT_TRUE(conversation.established());
  EXPECT_EQ(conversation.client.alpn(), "");
}

TEST_F(TlsContextTest, TurnsAwayAClientThatWantsAnotherProtocol) {
  for (const char* protocol : {"http/1.1", "pop3s", "pop", "POP3", "imap"}) {
    Conversation conversation(context_, {.alpn = protocol});
    EXPECT_EQ(conversation.client_state, -1) << protocol;
    EXPECT_THAT(conversation.client.error(), HasSubstr("no application protocol")) << protocol;
    EXPECT_FALSE(conversation.outcome);
  }
}

TEST_F(TlsContextTest, ResumesSessions) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsClient::Options options = {.version_min = version, .version_max = version};
    Conversation first(context_, options);
    ASSERT_TRUE(first.established());
    first.client.read();  // TLS 1.3 sends the ticket after the handshake
    ASSERT_NE(first.client.session(), nullptr);
    Conversation second(context_, options, first.client.session());
    EXPECT_TRUE(second.established());
    EXPECT_TRUE(second.client.resumed());
    EXPECT_THAT(second.server->summary(), HasSubstr("resumed"));
    second.client.read();
    EXPECT_EQ(second.client.session() != nullptr, version == TLS1_3_VERSION) << "a ticket of TLS 1.3 is used once";
  }
}

TEST_F(TlsContextTest, DoesNotResumeASessionOfAnotherServer) {
  auto other = TlsContext::load(files_, "pop3");
  ASSERT_TRUE(other);
  const TlsClient::Options options = {};
  Conversation first(*other, options);
  first.client.read();
  Conversation second(context_, options, first.client.session());
  EXPECT_TRUE(second.established());
  EXPECT_FALSE(second.client.resumed());
}

TEST_F(TlsContextTest, RefusesRenegotiation) {
  Conversation conversation(context_, {.version_max = TLS1_2_VERSION});
  ASSERT_TRUE(conversation.established());
  EXPECT_EQ(conversation.client.renegotiate(), 0);  // asked, and waiting for an answer
  std::array<char, 64> buffer;
  EXPECT_NE(conversation.server->read(buffer).then, Attempt::Then::done);
  EXPECT_EQ(conversation.client.handshake(), -1);
  EXPECT_THAT(conversation.client.error(), HasSubstr("no renegotiation"));
}

TEST_F(TlsContextTest, TellsACloseNotifyFromACutConnection) {
  std::array<char, 64> buffer;
  Conversation closed(context_, {});
  closed.client.close_notify();
  const Attempt end = closed.server->read(buffer);
  ASSERT_TRUE(end.outcome);
  EXPECT_EQ(*end.outcome, 0U);

  Conversation cut(context_, {.version_max = TLS1_2_VERSION});  // 1.3 would leave a ticket unread
  cut.sockets.close_theirs();
  EXPECT_EQ(cut.server->read(buffer).outcome.error(), Error::truncated);
}

TEST_F(TlsContextTest, SaysCloseNotify) {
  Conversation conversation(context_, {});
  conversation.server->close();
  conversation.client.read();
  EXPECT_TRUE(conversation.client.close_notify_received());
}

TEST_F(TlsContextTest, EndsOnOctetsInTheClear) {
  test::SocketPair sockets;
  set_non_blocking(sockets.ours);
  auto server = TlsSession::accept(context_, sockets.ours);
  constexpr std::string_view plain = "USER somebody\r\nPASS something\r\n";
  ASSERT_EQ(::write(sockets.theirs, plain.data(), plain.size()), static_cast<ssize_t>(plain.size()));
  const Attempt attempt = server->handshake();
  ASSERT_EQ(attempt.then, Attempt::Then::done);
  EXPECT_EQ(attempt.outcome.error().message(), "wrong version number");
}

class CertificateProblems : public TlsContextTest {
 protected:
  std::string problem_of(const CertificateFiles& files) {
    const auto context = TlsContext::load(files, "pop3");
    return context ? "none" : context.problem();
  }
  std::filesystem::path file(const char* name, const std::string& text) {
    const std::filesystem::path path = folder_.path() / name;
    std::ofstream(path) << text;
    return path;
  }
};

TEST_F(CertificateProblems, NameTheFileThatIsMissing) {
  const std::string problem = problem_of({"/nonexistent/certificate.pem", files_.key});
  EXPECT_THAT(problem, HasSubstr("/nonexistent/certificate.pem"));
  EXPECT_THAT(problem, HasSubstr("No such file"));
}

TEST_F(CertificateProblems, NameTheFileThatIsNoPem) {
  const auto junk = file("junk.pem", "not a certificate");
  EXPECT_THAT(problem_of({junk, files_.key}), HasSubstr("junk.pem"));
  EXPECT_THAT(problem_of({files_.certificate, junk}), HasSubstr("the key " + junk.string()));
}

TEST_F(CertificateProblems, TellThatAKeyBelongsToAnotherCertificate) {
  const auto other = ensure_self_signed(folder_.path() / "other", "mail.example.org");
  ASSERT_TRUE(other);
  EXPECT_THAT(problem_of({files_.certificate, (*other).files.key}), HasSubstr("key values mismatch"));
}

TEST_F(CertificateProblems, DoNotAskForAPassphrase) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const auto path = folder_.path() / "encrypted.pem";
  const std::unique_ptr<FILE, int (*)(FILE*)> out(std::fopen(path.c_str(), "w"), &std::fclose);
  char passphrase[] = "secret";
  PEM_write_PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), nullptr, 0, nullptr, passphrase);
  std::fflush(out.get());
  EXPECT_THAT(problem_of({files_.certificate, path}), HasSubstr("without a passphrase"));
}

}  // namespace
}  // namespace fermo::runtime
