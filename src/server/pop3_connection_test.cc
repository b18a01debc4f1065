#include <algorithm>
#include <atomic>
#include <future>
#include <stdexcept>

#include "base/failure.h"
#include "maildrop/error.h"
#include "server/server_harness.h"

namespace fermo::server {
namespace {

using test::Client;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Pop3 = test::ServerTest;

error_code out_of_order() {
  return maildrop::make_error_code(maildrop::Error::unavailable);
}
error_code damaged() {
  return maildrop::make_error_code(maildrop::Error::corrupt);
}

TEST_F(Pop3, ServesAWholeSession) {
  const std::string first = deliver(message(500));
  const std::string second = deliver("Subject: dots\r\n\r\n.\r\n..\r\nend");
  start();
  Client client = logged_in();
  EXPECT_EQ(client.ask("STAT"), "+OK 2 " + std::to_string(message(500).size() + 29));
  EXPECT_THAT(client.ask("RETR 2"), StartsWith("+OK 29 "));
  EXPECT_EQ(client.lines(), second);
  EXPECT_THAT(client.ask("TOP 2 1"), StartsWith("+OK"));
  EXPECT_EQ(client.lines(), "Subject: dots\r\n\r\n..\r\n");
  EXPECT_THAT(client.ask("DELE 1"), StartsWith("+OK"));
  EXPECT_EQ(held(), 2U);
  EXPECT_THAT(client.ask("QUIT"), StartsWith("+OK"));
  EXPECT_TRUE(client.at_end());
  EXPECT_EQ(held(), 1U);
}

TEST_F(Pop3, AnswersPipelinedCommandsInOneWrite) {
  for (int i = 0; i < 3; ++i) deliver(message(1'000));
  start();
  Client client = logged_in();
  const std::uint32_t before = client.segments_received();
  client.send(
      "STAT\r\nLIST\r\nUIDL\r\nNOOP\r\nRETR 1\r\nRETR 2\r\nRETR 3\r\nTOP 1 0\r\nDELE 1\r\nRSET\r\nLIST 2\r\nNOOP\r\n");
  EXPECT_THAT(client.line(), StartsWith("+OK 3 "));
  for (int multi_line = 0; multi_line < 2; ++multi_line) {
    client.line();
    client.lines();
  }
  client.line();
  for (int multi_line = 0; multi_line < 4; ++multi_line) {
    EXPECT_THAT(client.line(), StartsWith("+OK"));
    client.lines();
  }
  for (int single = 0; single < 4; ++single) EXPECT_THAT(client.line(), StartsWith("+OK"));
  EXPECT_EQ(client.segments_received(), before + 1);
}

TEST_F(Pop3, SendsALargeMessageOctetForOctet) {
  const std::string content = message(10'000'000);
  const std::string wire = deliver(content);
  start();
  Client client = logged_in();
  EXPECT_THAT(client.ask("RETR 1"), StartsWith("+OK " + std::to_string(content.size())));
  EXPECT_TRUE(client.lines() == wire);
  EXPECT_THAT(client.ask("TOP 1 99999999"), StartsWith("+OK"));
  EXPECT_TRUE(client.lines() == wire);
  EXPECT_EQ(client.ask("STAT"), "+OK 1 " + std::to_string(content.size()));
}

TEST_F(Pop3, SendsAMessageOfNoOctets) {
  deliver("");
  start();
  Client client = logged_in();
  EXPECT_THAT(client.ask("RETR 1"), StartsWith("+OK 0 "));
  EXPECT_EQ(client.lines(), "");
  EXPECT_THAT(client.ask("NOOP"), StartsWith("+OK"));
}

TEST_F(Pop3, AnswersEverythingToAPeerThatHasEndedItsSide) {
  deliver(message(200'000));
  start();
  Client client = pop3();
  client.send("USER ann\r\nPASS secret words\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n");
  client.end_writing();
  const std::string all = client.rest();
  EXPECT_EQ(std::count(all.begin(), all.end(), '+'), 6);
  EXPECT_EQ(held(), 0U);
}

TEST_F(Pop3, DeletesNothingWithoutQuit) {
  deliver(message(100));
  start();
  Client client = logged_in();
  EXPECT_THAT(client.ask("DELE 1"), StartsWith("+OK"));
  client.reset();
  EXPECT_THAT(kept_log_->line_with("end=disconnected"), HasSubstr("deleted=0"));
  EXPECT_EQ(held(), 1U);
  EXPECT_THAT(logged_in().ask("STAT"), StartsWith("+OK 1 "));
}

TEST_F(Pop3, ServesManySessionsAtOnce) {
  const std::string wire = deliver(message(150'000));
  start();
  std::atomic<int> whole = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 40; ++i) {
    clients.emplace_back([&] {
      Client client = logged_in();
      for (int round = 0; round < 3; ++round) {
        client.send("RETR 1\r\nNOOP\r\n");
        client.line();
        if (client.lines() == wire && client.line().starts_with("+OK")) ++whole;
      }
      client.ask("QUIT");
    });
  }
  clients.clear();
  EXPECT_EQ(whole, 120);
}

TEST_F(Pop3, ASlowReaderCostsNoMemoryAndStallsNobody) {
  config_.threads = 1;
  const std::string wire = deliver(message(40'000'000));
  start();
  Client slow = Client::tcp(port(0), 4096);
  log_in(slow);
  slow.send("RETR 1\r\n");
  EXPECT_THAT(slow.line(), StartsWith("+OK"));
  for (int i = 0; i < 20; ++i) {
    Client quick = logged_in();
    EXPECT_THAT(quick.ask("STAT"), StartsWith("+OK 1 "));
    EXPECT_THAT(quick.ask("QUIT"), StartsWith("+OK"));
  }
  // What has been read waits in the buffers of the kernel, at most 4 MiB by default (net.ipv4.tcp_wmem), and one of
  // ours.
  EXPECT_LT(store_.faults.octets_read, 12'000'000U);
  EXPECT_TRUE(slow.lines() == wire);
}

TEST_F(Pop3, AClientThatFloodsCommandsStallsNobody) {
  config_.threads = 1;
  start();
  Client flooder = logged_in();
  std::atomic<bool> stop = false;
  std::jthread reader([&] { flooder.rest(); });
  std::jthread writer([&flooder, &stop] {
    std::string noops;
    for (int i = 0; i < 10'000; ++i) noops += "NOOP\r\n";
    while (!stop) flooder.send(noops);
    flooder.end_writing();
  });
  for (int i = 0; i < 20; ++i) EXPECT_THAT(logged_in().ask("QUIT"), StartsWith("+OK"));
  stop = true;
}

// --- Time ------------------------------------------------------------------------------------------------------------

TEST_F(Pop3, EndsASessionThatIsIdleTooLong) {
  config_.autologout = std::chrono::seconds(1);
  deliver(message(100));
  start();
  Client client = logged_in();
  EXPECT_THAT(client.ask("DELE 1"), StartsWith("+OK"));
  EXPECT_EQ(client.rest(), "");
  EXPECT_THAT(kept_log_->line_with("service=pop3"), HasSubstr("end=timed-out"));
  EXPECT_EQ(held(), 1U);
}

TEST_F(Pop3, BeforeLoginTimeRunsFromTheStartWhateverTheClientSays) {
  config_.login_time_max = std::chrono::seconds(1);
  start();
  Client client = pop3();
  const std::string all = [&] {
    std::string text = client.line();
    try {
      while (!text.empty()) text = client.ask("CAPA");
    } catch (const std::runtime_error&) {
      return std::string();
    }
    return text;
  }();
  EXPECT_EQ(all, "");
  EXPECT_THAT(kept_log_->line_with("service=pop3"), HasSubstr("end=timed-out"));
}

TEST_F(Pop3, DoesNotWaitForAHandshakeForEver) {
  config_.login_time_max = std::chrono::seconds(1);
  start();
  Client client = pop3s();
  client.send(std::string_view("\x16\x03\x01\x02\x00\x01", 6));
  EXPECT_EQ(client.rest(), "");
  EXPECT_THAT(kept_log_->line_with("service=pop3s"), HasSubstr("end=timed-out"));
}

TEST_F(Pop3, EndsASessionWhoseClientTakesNothingMore) {
  config_.autologout = std::chrono::seconds(1);
  deliver(message(40'000'000));
  start();
  Client slow = Client::tcp(port(0), 4096);
  log_in(slow);
  slow.send("RETR 1\r\n");
  EXPECT_THAT(kept_log_->line_with("service=pop3"), HasSubstr("end=timed-out"));
}

// --- A store that fails ----------------------------------------------------------------------------------------------

TEST_F(Pop3, SaysSoWhenTheMaildropCannotBeOpened) {
  store_.faults.on_open = out_of_order;
  start();
  Client client = pop3();
  client.send("USER ann\r\nPASS secret words\r\n");
  client.line();
  client.line();
  EXPECT_THAT(client.line(), StartsWith("-ERR [SYS/TEMP]"));
}

TEST_F(Pop3, GoesOnWhenAMessageCannotBeRead) {
  deliver(message(300'000));
  store_.faults.on_read = damaged;
  start();
  Client client = logged_in();
  EXPECT_THAT(client.ask("RETR 1"), StartsWith("-ERR [SYS/PERM]"));
  EXPECT_THAT(client.ask("TOP 1 1"), StartsWith("-ERR [SYS/PERM]"));
  EXPECT_THAT(client.ask("NOOP"), StartsWith("+OK"));
}

TEST_F(Pop3, GivesASmallMessageThatProvesDamagedNotEvenInPart) {
  deliver(message(1'000));
  std::atomic<int> pieces = 0;
  store_.faults.on_piece = [&pieces] { return ++pieces == 2 ? damaged() : error_code(); };
  start();
  Client client = logged_in();
  EXPECT_THAT(client.ask("RETR 1"), StartsWith("-ERR [SYS/PERM]"));
  EXPECT_THAT(client.ask("NOOP"), StartsWith("+OK"));
}

TEST_F(Pop3, NeverLetsABrokenReadLookComplete) {
  deliver(message(1'000'000));
  std::atomic<int> pieces = 0;
  store_.faults.on_piece = [&pieces] { return ++pieces == 10 ? damaged() : error_code(); };
  start();
  Client client = logged_in();
  EXPECT_THAT(client.ask("RETR 1"), StartsWith("+OK"));
  const std::string cut = client.rest();
  EXPECT_GT(cut.size(), 100'000U);
  EXPECT_EQ(cut.find("\r\n.\r\n"), std::string::npos);
  EXPECT_THAT(kept_log_->line_with("end=failure"), HasSubstr("stored data is damaged"));
}

TEST_F(Pop3, ReportsAQuitThatCouldNotDelete) {
  deliver(message(100));
  store_.faults.on_commit = out_of_order;
  start();
  Client client = logged_in();
  EXPECT_THAT(client.ask("DELE 1"), StartsWith("+OK"));
  EXPECT_THAT(client.ask("QUIT"), StartsWith("-ERR"));
  EXPECT_EQ(held(), 1U);
}

TEST_F(Pop3, AnExceptionInAStoreEndsNoServer) {
  deliver(message(100));
  store_.faults.on_read = []() -> error_code { throw std::runtime_error("the engine is on fire"); };
  start();
  Client client = logged_in();
  EXPECT_THAT(client.ask("RETR 1"), StartsWith("-ERR"));
  EXPECT_THAT(kept_log_->line_with("the engine is on fire"), HasSubstr("store pool"));
  EXPECT_THAT(logged_in().ask("STAT"), StartsWith("+OK 1 "));
}

TEST_F(Pop3, AnAuthenticatorThatFailsLetsNobodyIn) {
  users_.before_verify = [] { throw std::runtime_error("no user database"); };
  start();
  Client client = pop3();
  client.line();
  client.ask("USER ann");
  EXPECT_THAT(client.ask("PASS secret words"), StartsWith("-ERR [SYS/TEMP]"));
}

// --- The log ---------------------------------------------------------------------------------------------------------

TEST_F(Pop3, WritesOneLineForEachSession) {
  deliver(message(1'000));
  start();
  Client client = logged_in();
  client.ask("RETR 1");
  client.lines();
  client.ask("DELE 1");
  client.ask("QUIT");
  const std::string line = kept_log_->line_with("session id=");
  EXPECT_THAT(line, HasSubstr(" service=pop3 peer=127.0.0.1 tls=no user=ann login=yes commands=5 errors=0 retrieved=1 "
                              "topped=0 deleted=1 octets_in=51 octets_out="));
  EXPECT_THAT(line, HasSubstr(" end=quit"));
}

TEST_F(Pop3, LogsNoPasswordAndNothingAClientCouldForge) {
  start();
  Client client = pop3();
  client.line();
  client.ask("USER eve\x1b[2J\" end=quit");
  client.ask("PASS open sesame");
  client.close();
  const std::string line = kept_log_->line_with("session id=");
  EXPECT_THAT(line, HasSubstr("user=\"eve\\x1B[2J\\x22 end=quit\" login=no"));
  EXPECT_THAT(kept_log_->all(), Not(HasSubstr("sesame")));
}

}  // namespace
}  // namespace fermo::server
