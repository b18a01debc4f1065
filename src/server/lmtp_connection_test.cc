#include <sys/stat.h>

#include <atomic>
#include <stdexcept>

#include "mail/dot_codec.h"
#include "maildrop/error.h"
#include "server/server_harness.h"

namespace fermo::server {
namespace {

using test::Client;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

error_code out_of_space() {
  return maildrop::make_error_code(maildrop::Error::out_of_space);
}

class Lmtp : public test::ServerTest {
 protected:
  static std::string greeted(Client& client) {
    const std::string greeting = client.line();
    std::string line = client.ask("LHLO client.example.net");
    while (line.starts_with("250-")) line = client.line();
    EXPECT_THAT(line, StartsWith("250 "));
    return greeting;
  }

  /// One reply for each recipient, after MAIL, RCPT and DATA have been accepted.
  static std::vector<std::string> send(Client& client, const std::vector<std::string>& recipients,
                                       const std::string& content) {
    EXPECT_THAT(client.ask("MAIL FROM:<sender@example.net>"), StartsWith("250 "));
    for (const std::string& recipient : recipients) {
      EXPECT_THAT(client.ask("RCPT TO:<" + recipient + ">"), StartsWith("250 "));
    }
    EXPECT_THAT(client.ask("DATA"), StartsWith("354 "));
    client.send(mail::dot_stuffed(content) + ".\r\n");
    std::vector<std::string> replies;
    for (std::size_t i = 0; i < recipients.size(); ++i) replies.push_back(client.line());
    return replies;
  }

  std::string retrieved(const std::string& user, const std::string& password) {
    Client client = pop3();
    client.line();
    client.ask("USER " + user);
    client.ask("PASS " + password);
    EXPECT_THAT(client.ask("RETR 1"), StartsWith("+OK"));
    return client.lines();
  }
};

TEST_F(Lmtp, TakesAMessageInAndPop3GivesItOut) {
  start();
  Client client = lmtp();
  EXPECT_THAT(greeted(client), StartsWith("220 mail.example.org"));
  const std::string content = message(2'000);
  EXPECT_THAT(send(client, {"ann"}, content).front(), StartsWith("250 2."));
  EXPECT_THAT(client.ask("QUIT"), StartsWith("221 "));
  const std::string wire = retrieved("ann", "secret words");
  EXPECT_THAT(
      wire, StartsWith("Return-Path: <sender@example.net>\r\nDelivered-To: ann\r\nReceived: from client.example.net"));
  EXPECT_THAT(wire, HasSubstr("by mail.example.org with LMTP"));
  EXPECT_THAT(wire, EndsWith(mail::dot_stuffed(content)));
  const std::string line = kept_log_->line_with("service=lmtp");
  EXPECT_THAT(line, HasSubstr("helo=client.example.net commands=5 errors=0 messages=1 deliveries=1"));
  EXPECT_THAT(line, HasSubstr("end=quit"));
}

TEST_F(Lmtp, CarriesTenMegabytesOctetForOctet) {
  start();
  Client client = lmtp();
  greeted(client);
  const std::string content = message(10'000'000);
  EXPECT_THAT(send(client, {"ann"}, content).front(), StartsWith("250 "));
  const std::string wire = retrieved("ann", "secret words");
  const std::string expected = mail::dot_stuffed(content);
  ASSERT_GE(wire.size(), expected.size());
  EXPECT_TRUE(std::string_view(wire).substr(wire.size() - expected.size()) == expected);
  EXPECT_LT(wire.size() - expected.size(), limits::trace_fields_octets_max);
}

TEST_F(Lmtp, TakesChunks) {
  start();
  Client client = lmtp();
  greeted(client);
  const std::string content = message(300'000);
  client.ask("MAIL FROM:<>");
  client.ask("RCPT TO:<ann>");
  const std::string first = content.substr(0, 100'001);
  const std::string second = content.substr(100'001);
  client.send("BDAT " + std::to_string(first.size()) + "\r\n" + first);
  EXPECT_THAT(client.line(), StartsWith("250 "));
  client.send("BDAT " + std::to_string(second.size()) + " LAST\r\n" + second);
  EXPECT_THAT(client.line(), StartsWith("250 "));
  const std::string wire = retrieved("ann", "secret words");
  EXPECT_THAT(wire, StartsWith("Return-Path: <>\r\n"));
  EXPECT_TRUE(wire.ends_with(mail::dot_stuffed(content)));
}

TEST_F(Lmtp, AnswersForEachRecipientWhoGetsTraceFieldsOfTheirOwn) {
  start();
  Client client = lmtp();
  greeted(client);
  client.ask("MAIL FROM:<sender@example.net>");
  EXPECT_THAT(client.ask("RCPT TO:<ann>"), StartsWith("250 "));
  EXPECT_THAT(client.ask("RCPT TO:<nobody>"), StartsWith("550 5.1.1"));
  EXPECT_THAT(client.ask("RCPT TO:<bob>"), StartsWith("250 "));
  client.ask("DATA");
  client.send("Subject: x\r\n\r\ny\r\n.\r\n");
  EXPECT_THAT(client.line(), StartsWith("250 "));
  EXPECT_THAT(client.line(), StartsWith("250 "));
  EXPECT_THAT(client.ask("NOOP"), StartsWith("250 "));
  EXPECT_THAT(retrieved("ann", "secret words"), HasSubstr("Delivered-To: ann\r\n"));
  EXPECT_THAT(retrieved("bob", "other words"), HasSubstr("Delivered-To: bob\r\n"));
}

TEST_F(Lmtp, TakesManyMessagesInOneSession) {
  start();
  Client client = lmtp();
  greeted(client);
  for (int i = 0; i < 50; ++i) EXPECT_THAT(send(client, {"ann", "bob"}, message(3'000)).back(), StartsWith("250 "));
  EXPECT_EQ(held("ann"), 50U);
  EXPECT_EQ(held("bob"), 50U);
}

TEST_F(Lmtp, LeavesNothingOfAMessageThatWasCutOff) {
  start();
  Client client = lmtp();
  greeted(client);
  client.ask("MAIL FROM:<sender@example.net>");
  client.ask("RCPT TO:<ann>");
  client.ask("DATA");
  client.send(message(500'000));
  client.close();
  EXPECT_THAT(kept_log_->line_with("service=lmtp"), HasSubstr("messages=0 deliveries=0"));
  EXPECT_EQ(held(), 0U);
}

TEST_F(Lmtp, SpeaksOverAUnixSocketThatOthersMayNotUse) {
  config::Listen listen;
  listen.protocol = config::Protocol::lmtp;
  listen.unix_path = folder_.path() / "lmtp";
  config_.listen.push_back(listen);
  start();
  struct stat found{};
  ASSERT_EQ(::stat(listen.unix_path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0660U);
  for (int i = 0; i < 5; ++i) {
    Client client = Client::unix_socket(listen.unix_path);
    greeted(client);
    EXPECT_THAT(send(client, {"ann"}, "Subject: x\r\n\r\ny\r\n").front(), StartsWith("250 "));
  }
  EXPECT_EQ(held(), 5U);
  EXPECT_THAT(kept_log_->line_with("service=lmtp"), HasSubstr("peer=unix"));
  server_.reset();
  EXPECT_NE(::stat(listen.unix_path.c_str(), &found), 0);
}

TEST_F(Lmtp, RefusesPeersOfOtherNetworks) {
  config_.lmtp_networks = {"192.0.2.0/24", "2001:db8::/32"};
  start();
  Client client = lmtp();
  EXPECT_THAT(client.line(), StartsWith("554 5.7.1 "));
  EXPECT_TRUE(client.at_end());
  EXPECT_NE(kept_log_->line_with("refused service=lmtp peer=127.0.0.1"), "");
}

TEST_F(Lmtp, AsksToTryAgainWhenTheDirectoryCannotAnswer) {
  users_.find_fails = true;
  start();
  Client client = lmtp();
  greeted(client);
  client.ask("MAIL FROM:<sender@example.net>");
  EXPECT_THAT(client.ask("RCPT TO:<ann>"), StartsWith("4"));
}

TEST_F(Lmtp, AsksToTryAgainWhenTheStoreIsFullAtAnyPoint) {
  start();
  for (auto* fault : {&store_.faults.on_begin, &store_.faults.on_append, &store_.faults.on_finish}) {
    *fault = out_of_space;
    Client client = lmtp();
    greeted(client);
    client.send("MAIL FROM:<sender@example.net>\r\nRCPT TO:<ann>\r\nDATA\r\n");
    client.line();
    client.line();
    std::string reply = client.line();
    if (reply.starts_with("354")) {
      client.send(message(200'000) + ".\r\n");
      reply = client.line();
    }
    EXPECT_THAT(reply, MatchesRegex("4[0-9][0-9] 4\\..*"));
    EXPECT_THAT(client.ask("NOOP"), StartsWith("250 "));
    client.ask("QUIT");
    client.at_end();
    *fault = nullptr;
  }
  EXPECT_EQ(held(), 0U);
}

TEST_F(Lmtp, NeverAcknowledgesWhatEndedInAnException) {
  store_.faults.on_finish = []() -> error_code { throw std::runtime_error("the engine is on fire"); };
  start();
  Client client = lmtp();
  greeted(client);
  EXPECT_THAT(send(client, {"ann"}, message(100)).front(), StartsWith("4"));
  EXPECT_THAT(client.ask("NOOP"), StartsWith("250 "));
}

}  // namespace
}  // namespace fermo::server
