#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "pop3/client_session.h"
#include "sasl/gnu_sasl.h"

/// What is said before the login, and what follows when a way to log in is refused.
namespace fermo::pop3::client {
namespace {

using ::testing::StartsWith;

class Dialogue {
 public:
  Dialogue() : session_(settings()) { said(); }

  /// What the client says to this.
  std::string after(std::string_view octets) {
    session_.receive(octets);
    return said();
  }

  std::optional<End> end() const { return end_; }

 private:
  std::string said() {
    std::string octets;
    for (;;) {
      Step step = session_.next();
      if (const auto* const send = std::get_if<Send>(&step)) octets += send->octets;
      if (const auto* const close = std::get_if<Close>(&step)) end_ = close->end;
      const bool waits = std::holds_alternative<NeedInput>(step) || std::holds_alternative<Idle>(step);
      if (waits || end_) return octets;
    }
  }

  static Settings settings() {
    Settings settings;
    settings.user = "mrose";
    settings.secret = Secret("tanstaaf");
    settings.host = "pop.example.org";
    settings.port = 995;
    settings.tls = Tls::implicit;
    settings.channel_binding = {sasl::ChannelBinding::Type::tls_exporter, "key"};
    return settings;
  }

  ClientSession session_;
  std::optional<End> end_;
};

/// A server's first message of SCRAM, to an AUTH with an initial response.
std::string scram_challenge(std::string_view auth) {
  const auto base64 = auth.substr(auth.rfind(' ') + 1);
  const auto first = sasl::decoded(base64.substr(0, base64.find('\r')));
  if (!first) return {};
  const std::string_view message = sasl::view(*first);
  const std::string nonce(message.substr(message.find("r=") + 2));
  const Secret answer = sasl::encoded("r=" + nonce + "more,s=c2FsdA==,i=4096");
  return "+ " + std::string(answer.reveal()) + "\r\n";
}

TEST(ClientLogin, GoesOnWithoutBindingWhenTheServerBindsToSomethingElse) {
  Dialogue dialogue;
  EXPECT_EQ(dialogue.after("+OK ready\r\n"), "CAPA\r\n");
  EXPECT_THAT(dialogue.after("+OK\r\nSASL PLAIN SCRAM-SHA-256-PLUS SCRAM-SHA-256\r\n.\r\n"),
              StartsWith("AUTH SCRAM-SHA-256-PLUS "));
  // "n,,": no binding, and none is missed (RFC 5802 §7).
  EXPECT_THAT(dialogue.after("-ERR [AUTH] bad protocol / cancel\r\n"), StartsWith("AUTH SCRAM-SHA-256 biws"));
  EXPECT_EQ(dialogue.after("-ERR [AUTH] authentication failure\r\n"), "");
  EXPECT_EQ(dialogue.end(), End::login_refused);
}

TEST(ClientLogin, GoesOnWithoutBindingWhenTheServerSaysSoOnlyAtTheEnd) {
  Dialogue dialogue;
  dialogue.after("+OK ready\r\n");
  const auto bound = dialogue.after("+OK\r\nSASL PLAIN SCRAM-SHA-256-PLUS SCRAM-SHA-256\r\n.\r\n");
  EXPECT_NE(dialogue.after(scram_challenge(bound)), "");
  const auto unbound = dialogue.after("-ERR [AUTH] bad protocol / cancel\r\n");
  EXPECT_THAT(unbound, StartsWith("AUTH SCRAM-SHA-256 biws"));
  EXPECT_NE(dialogue.after(scram_challenge(unbound)), "");
  // Nothing weaker is tried when that fails too: the password is wrong.
  EXPECT_EQ(dialogue.after("-ERR [AUTH] authentication failure\r\n"), "");
  EXPECT_EQ(dialogue.end(), End::login_refused);
}

TEST(ClientLogin, GivesNoPasswordAwayWhenABindingIsRefused) {
  Dialogue dialogue;
  dialogue.after("+OK ready\r\n");
  EXPECT_THAT(dialogue.after("+OK\r\nSASL PLAIN SCRAM-SHA-256-PLUS\r\n.\r\n"), StartsWith("AUTH SCRAM-SHA-256-PLUS "));
  EXPECT_EQ(dialogue.after("-ERR [AUTH] bad protocol / cancel\r\n"), "");
  EXPECT_EQ(dialogue.end(), End::login_refused);
}

TEST(ClientLogin, TriesNothingElseWhereTheReasonIsAnother) {
  Dialogue dialogue;
  dialogue.after("+OK ready\r\n");
  dialogue.after("+OK\r\nSASL SCRAM-SHA-256-PLUS SCRAM-SHA-256\r\n.\r\n");
  EXPECT_EQ(dialogue.after("-ERR [IN-USE] another session\r\n"), "");
  EXPECT_EQ(dialogue.end(), End::login_refused);
}

TEST(ClientLogin, AsksForMessagesAsTheyAreWhereTheServerWouldRewriteThem) {
  for (const auto* const reply : {"+OK\r\n", "-ERR not now\r\n"}) {
    Dialogue dialogue;
    dialogue.after("+OK ready\r\n");
    EXPECT_EQ(dialogue.after("+OK\r\nUTF8 USER\r\nUSER\r\n.\r\n"), "UTF8\r\n");
    EXPECT_EQ(dialogue.after(reply), "USER mrose\r\n");
  }
}

TEST(ClientLogin, SaysUtf8OnlyToServersThatKnowIt) {
  Dialogue dialogue;
  dialogue.after("+OK ready\r\n");
  EXPECT_EQ(dialogue.after("+OK\r\nUSER\r\n.\r\n"), "USER mrose\r\n");
}

}  // namespace
}  // namespace fermo::pop3::client
