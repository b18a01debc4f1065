#include "server/server.h"

#include <atomic>
#include <fstream>
#include <future>
#include <thread>

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>

#include "server/listening_port.h"
#include "server/server_harness.h"

namespace fermo::server {
namespace {

using namespace std::chrono_literals;
using test::Client;
using test::Gate;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::UnorderedElementsAre;
using ServerTest = test::ServerTest;

// --- Listening -------------------------------------------------------------------------------------------------------

TEST_F(ServerTest, TellsWhereItListens) {
  start();
  EXPECT_THAT(server_->listening(), ElementsAre(StartsWith("pop3=127.0.0.1:"), StartsWith("pop3s=127.0.0.1:"),
                                                StartsWith("lmtp=127.0.0.1:")));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NE(port(i), 0);
}

TEST_F(ServerTest, ListensOnBothFamiliesOnOnePort) {
  config_.listen.clear();
  listen(config::Protocol::pop3, "*");
  start();
  EXPECT_THAT(Client::tcp(port(0)).line(), StartsWith("+OK"));
  EXPECT_THAT(Client::tcp6(port(0)).line(), StartsWith("+OK"));
}

TEST_F(ServerTest, DealsOutConnectionsToAllCores) {
  config_.threads = 4;
  start();
  std::vector<Client> clients;
  for (int i = 0; i < 60; ++i) {
    clients.push_back(pop3());
    EXPECT_THAT(clients.back().line(), StartsWith("+OK"));
  }
  EXPECT_EQ(server_->sessions(), 60U);
}

TEST_F(ServerTest, DoesNotShareAPortWithAnotherServer) {
  start();
  config::Config same = config_;
  for (std::size_t i = 0; i < same.listen.size(); ++i) same.listen[i].port = port(i);
  Server second(same, services());
  EXPECT_THAT(second.start(), ElementsAre(HasSubstr("Address already in use"), HasSubstr("Address already in use"),
                                          HasSubstr("ss -lp")));
  EXPECT_THAT(second.listening(), IsEmpty());
  for (int i = 0; i < 10; ++i) EXPECT_THAT(pop3().line(), StartsWith("+OK"));
}

// As a process does that was killed, and whose end its successor has heard of.
TEST_F(ServerTest, WaitsAMomentForAPortThatIsBeingLetGoOf) {
  auto held = open_port(config_.listen.front(), 1);
  ASSERT_TRUE(held);
  const config::Listen same = held->listen;
  std::jthread owner([&held] {
    // The instant is drawn, not awaited: any within the wait will do.
    std::this_thread::sleep_for(20ms);
    held->sockets.clear();
  });
  EXPECT_TRUE(open_port(same, 1));
}

TEST_F(ServerTest, OpensNothingWhenOneListenerFails) {
  listen(config::Protocol::pop3, "192.0.2.1");
  Server server(config_, services());
  EXPECT_THAT(server.start(), ElementsAre(HasSubstr("pop3=192.0.2.1")));
  EXPECT_THAT(server.listening(), IsEmpty());
}

TEST_F(ServerTest, ReplacesAUnixSocketThatNobodyAnswersOn) {
  config_.listen.clear();
  config::Listen unix_listen;
  unix_listen.protocol = config::Protocol::lmtp;
  unix_listen.unix_path = folder_.path() / "lmtp";
  config_.listen.push_back(unix_listen);
  {
    const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, unix_listen.unix_path.c_str());
    ASSERT_EQ(::bind(stale, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    ::close(stale);
  }
  start();
  EXPECT_THAT(Client::unix_socket(unix_listen.unix_path).line(), StartsWith("220 "));
  Server second(config_, services());
  EXPECT_THAT(second.start(), ElementsAre(HasSubstr("Address already in use")));
  EXPECT_THAT(Client::unix_socket(unix_listen.unix_path).line(), StartsWith("220 "));
}

TEST_F(ServerTest, LeavesAFileAloneThatIsNoSocket) {
  config_.listen.clear();
  config::Listen unix_listen;
  unix_listen.protocol = config::Protocol::lmtp;
  unix_listen.unix_path = folder_.path() / "precious";
  std::ofstream(unix_listen.unix_path) << "text";
  config_.listen.push_back(unix_listen);
  {
    Server server(config_, services());
    EXPECT_THAT(server.start(), ElementsAre(HasSubstr("Address already in use")));
  }
  EXPECT_EQ(std::filesystem::file_size(unix_listen.unix_path), 4U);
}

// --- Limits ----------------------------------------------------------------------------------------------------------

TEST_F(ServerTest, RefusesTooManyConnectionsFromOneAddressWithAReply) {
  config_.connections_per_address_max = 2;
  start();
  Client first = pop3();
  Client second = pop3();
  EXPECT_THAT(first.line(), StartsWith("+OK"));
  EXPECT_THAT(second.line(), StartsWith("+OK"));
  Client third = pop3();
  EXPECT_THAT(third.line(), StartsWith("-ERR [SYS/TEMP] too many connections from your address"));
  EXPECT_TRUE(third.at_end());
  EXPECT_THAT(lmtp().line(), StartsWith("421 4.7.0 too many connections from your address"));
  EXPECT_NE(pop3s().start_tls(), "");
  EXPECT_NE(kept_log_->line_with("refused service=pop3 peer=127.0.0.1"), "");
  first.ask("QUIT");
  EXPECT_TRUE(first.at_end());
  EXPECT_NE(kept_log_->line_with("end=quit"), "");
  std::string greeting;
  while (!greeting.starts_with("+OK")) greeting = pop3().line();
}

TEST_F(ServerTest, RefusesTooManyConnectionsInAll) {
  config_.connections_max = 1;
  start();
  Client first = lmtp();
  EXPECT_THAT(first.line(), StartsWith("220 "));
  EXPECT_THAT(pop3().line(), StartsWith("-ERR [SYS/TEMP] too many connections,"));
}

TEST_F(ServerTest, WhoHasNotLoggedInMakesRoomWhenThereAreTooMany) {
  config_.connections_max = 2;
  start();
  Client idle = pop3();
  EXPECT_THAT(idle.line(), StartsWith("+OK"));
  Client owner = logged_in();
  Client other = logged_in();
  EXPECT_TRUE(idle.at_end());
  EXPECT_NE(kept_log_->line_with("end=evicted"), "");
  EXPECT_THAT(pop3().line(), StartsWith("-ERR [SYS/TEMP] too many connections,"));
  EXPECT_THAT(owner.ask("STAT"), StartsWith("+OK"));
}

/// Allows no new descriptor until it goes.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = ::fcntl(0, F_DUPFD, 0);
    ::close(lowest_free);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(lowest_free);
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(ServerTest, SurvivesRunningOutOfDescriptors) {
  start();
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port(0));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string greeting(100, '\0');
  {
    const NoDescriptors none;
    ASSERT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_THAT(kept_log_->line_with("takes no new connections"), HasSubstr("LimitNOFILE"));
  }
  EXPECT_GT(::recv(fd, greeting.data(), greeting.size(), 0), 0);
  EXPECT_THAT(greeting, StartsWith("+OK"));
  EXPECT_NE(kept_log_->line_with("takes connections again"), "");
  ::close(fd);
}

// --- Draining --------------------------------------------------------------------------------------------------------

TEST_F(ServerTest, EndsIdleSessionsWhenItShutsDown) {
  deliver(message(100));
  start();
  Client idle = logged_in();
  Client marked = logged_in();
  marked.ask("DELE 1");
  Client transport = lmtp();
  transport.line();
  Client silent = pop3s();
  server_->shut_down();
  EXPECT_EQ(idle.rest(), "");
  EXPECT_EQ(marked.rest(), "");
  EXPECT_THAT(transport.rest(), StartsWith("421 "));
  silent.close();
  server_->wait();
  EXPECT_EQ(server_->sessions(), 0U);
  EXPECT_EQ(held(), 1U);
  EXPECT_THAT(kept_log_->all(), HasSubstr("end=shut-down"));
  EXPECT_THROW(pop3(), std::runtime_error);
}

TEST_F(ServerTest, LetsABusySessionFinishWhatItIsDoing) {
  const std::string wire = deliver(message(1'000'000));
  Gate gate;
  store_.faults.on_read = [&gate] {
    gate.pass();
    return error_code();
  };
  start();
  Client client = logged_in();
  client.send("RETR 1\r\n");
  gate.wait_for_somebody();
  server_->shut_down();
  auto waited = std::async(std::launch::async, [this] { server_->wait(); });
  gate.open();
  EXPECT_THAT(client.line(), StartsWith("+OK"));
  EXPECT_TRUE(client.lines() == wire);
  EXPECT_TRUE(client.at_end());
  waited.get();
}

TEST_F(ServerTest, LetsAMessageThatIsUnderWayComeIn) {
  start();
  Client client = lmtp();
  client.line();
  client.send("LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<ann>\r\nDATA\r\n");
  while (!client.line().starts_with("354")) {
  }
  client.send("Subject: x\r\n\r\n");
  server_->shut_down();
  auto waited = std::async(std::launch::async, [this] { server_->wait(); });
  client.send("y\r\n.\r\n");
  EXPECT_THAT(client.line(), StartsWith("250 "));
  EXPECT_THAT(client.rest(), StartsWith("421 "));
  waited.get();
  EXPECT_EQ(held(), 1U);
}

TEST_F(ServerTest, CutsASessionThatDoesNotEndInTime) {
  config_.drain_time_max = 1s;
  deliver(message(40'000'000));
  start();
  Client slow = Client::tcp(port(0), 4096);
  log_in(slow);
  slow.send("RETR 1\r\n");
  EXPECT_THAT(slow.line(), StartsWith("+OK"));
  server_->shut_down();
  server_->wait();
  EXPECT_THAT(kept_log_->all(), HasSubstr("did not end in time"));
  EXPECT_THAT(kept_log_->line_with("service=pop3"), HasSubstr("end=shut-down"));
}

TEST_F(ServerTest, EndsEverythingAtOnceWhenAskedTwice) {
  config_.drain_time_max = 1h;
  deliver(message(40'000'000));
  start();
  Client slow = Client::tcp(port(0), 4096);
  log_in(slow);
  slow.send("RETR 1\r\n");
  EXPECT_THAT(slow.line(), StartsWith("+OK"));
  server_->shut_down();
  server_->shut_down();
  server_->wait();
  EXPECT_EQ(server_->sessions(), 0U);
}

TEST_F(ServerTest, CommitsAQuitThatWasUnderWayEvenWhenEndedAtOnce) {
  deliver(message(100));
  Gate gate;
  store_.faults.on_commit = [&gate] {
    gate.pass();
    return error_code();
  };
  start();
  Client client = logged_in();
  client.ask("DELE 1");
  client.send("QUIT\r\n");
  gate.wait_for_somebody();
  server_->shut_down();
  server_->shut_down();
  gate.open();
  EXPECT_THAT(client.line(), StartsWith("+OK"));
  server_->wait();
  EXPECT_EQ(held(), 0U);
}

TEST_F(ServerTest, CanBeDestroyedWhileSessionsAreUnderWay) {
  deliver(message(40'000'000));
  start();
  Client idle = logged_in();
  Client slow = Client::tcp(port(0), 4096);
  log_in(slow);
  slow.send("RETR 1\r\n");
  EXPECT_THAT(slow.line(), StartsWith("+OK"));
  server_.reset();
  EXPECT_TRUE(idle.at_end());
}

// --- Reloading -------------------------------------------------------------------------------------------------------

TEST_F(ServerTest, TakesOverWhatCanChangeAndNamesWhatCannot) {
  start();
  Client before = logged_in();
  config_.connections_per_address_max = 1;
  config_.host_name = "new.example.org";
  config_.log_level = "error";
  config_.threads = 7;
  config_.listen.pop_back();
  const Server::Reloaded reloaded = server_->reload(config_);
  EXPECT_THAT(reloaded.problems, IsEmpty());
  EXPECT_THAT(reloaded.need_restart, UnorderedElementsAre("threads.protocol", "listen"));
  EXPECT_THAT(pop3().line(), StartsWith("-ERR [SYS/TEMP] too many connections"));
  EXPECT_THAT(before.ask("STAT"), StartsWith("+OK"));
  EXPECT_EQ(log_->level(), spdlog::level::err);
  before.ask("QUIT");
  before.at_end();
  std::string greeting;
  while (!greeting.starts_with("+OK")) greeting = pop3().line();
  EXPECT_THAT(greeting, HasSubstr("new.example.org"));
}

TEST_F(ServerTest, ChangesNothingWhenANetworkCannotBeRead) {
  start();
  config_.lmtp_networks = {"everywhere"};
  config_.connections_per_address_max = 0;
  EXPECT_THAT(server_->reload(config_).problems, ElementsAre(HasSubstr("\"everywhere\" is no network")));
  EXPECT_THAT(pop3().line(), StartsWith("+OK"));
}

}  // namespace
}  // namespace fermo::server
