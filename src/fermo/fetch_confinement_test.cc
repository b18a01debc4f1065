#include "fermo/fetch_confinement.h"

#include <fcntl.h>
#include <stdlib.h>  // setenv
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string_view>

#include <gtest/gtest.h>

#include "confine/landlock.h"
#include "fetcher/account_ledgers.h"

namespace fermo::commands {
namespace {

namespace fs = std::filesystem;

bool can_open(const fs::path& path, int how) {
  const int fd = ::open(path.c_str(), how, 0600);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

class FetchConfinementTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::current_path() / "fetch-confinement-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    for (const char* sub : {"state", "ann", "bob", "archive", "spool", "ann/new", "tmp"})
      fs::create_directory(folder_ / sub);
    for (const char* file : {"bob/mail", "password", "spool/mbox"}) std::ofstream(folder_ / file) << "text";
    place_.state = folder_ / "state";
    ::setenv("TMPDIR", (folder_ / "tmp").c_str(), 1);  // which stays open to a fetch
    account_.server = {fetch::TlsMode::implicit, "pop.example.org", 995};
    account_.user = "ann";
    for (const fs::path& ledger : {ledger_of("ann"), ledger_of("bob")}) fs::create_directory(ledger);
  }
  void TearDown() override {
    ::unsetenv("TMPDIR");
    fs::remove_all(folder_);
  }

  fs::path ledger_of(const std::string& user) const {
    return fetcher::AccountLedgers(place_.state).folder(user + "@pop.example.org");
  }
  fetch_accounts::Account to(const std::string& target) const {
    fetch_accounts::Account account = account_;
    account.target = target;
    return account;
  }

  /// Whether `work` holds in a child that is confined to fetching these.
  bool holds_confined(const fetch_accounts::Account& account, const std::function<bool()>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
      confine_fetch(account, place_, console_);
      ::_exit(work() ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return status == 0;
  }

  fs::path folder_;
  FetchPlace place_;
  fetch_accounts::Account account_;
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  NoTerminal nobody_;
  Console console_{in_, out_, err_, nobody_};
};

TEST_F(FetchConfinementTest, AnAccountReachesItsTargetItsArchiveAndItsLedgerAndNothingElse) {
  if (confine::has_sanitizer() || confine::landlock_abi() == 0) GTEST_SKIP() << "nothing is confined here";
  auto account = to("maildir:" + (folder_ / "ann").string());
  account.archive = folder_ / "archive";
  EXPECT_TRUE(holds_confined(account, [this] {
    return can_open(ledger_of("ann") / "ledger.db-wal", O_RDWR | O_CREAT) &&
           can_open(folder_ / "ann/new/message", O_WRONLY | O_CREAT) &&
           can_open(folder_ / "archive/copy", O_WRONLY | O_CREAT) && can_open("/etc/passwd", O_RDONLY) &&
           !can_open(folder_ / "bob/mail", O_RDONLY) && !can_open(folder_ / "password", O_RDONLY) && ::fork() < 0;
  }));
}

TEST_F(FetchConfinementTest, NeitherALedgerOfAnotherAccountNorTheOneOfAnEarlierVersionCanBeOpened) {
  if (confine::has_sanitizer() || confine::landlock_abi() == 0) GTEST_SKIP() << "nothing is confined here";
  fetcher::AccountLedgers ledgers(place_.state);
  ASSERT_TRUE(ledgers.open("bob@pop.example.org"));
  ASSERT_TRUE(fetcher::SqliteLedger::open(ledgers.earlier_file(), "bob@pop.example.org"));
  EXPECT_TRUE(holds_confined(to("maildir:" + (folder_ / "ann").string()), [&] {
    const bool none_is_read = !can_open(ledger_of("bob") / "ledger.db", O_RDONLY) &&
                              !can_open(ledgers.earlier_file(), O_RDONLY) && !can_open(place_.state, O_RDONLY) &&
                              !can_open(ledger_of("bob"), O_RDONLY) && ledgers.place_of("bob").has_error();
    const bool none_is_made = !can_open(ledger_of("bob") / "ledger.db-journal", O_WRONLY | O_CREAT) &&
                              !can_open(place_.state / "fetch.db-wal", O_WRONLY | O_CREAT) &&
                              ::mkdir(ledger_of("eve").c_str(), 0700) != 0 &&
                              ::rename(ledger_of("bob").c_str(), (ledger_of("ann") / "bob").c_str()) != 0;
    const auto mine = fetcher::SqliteLedger::open(ledger_of("ann") / "ledger.db", "ann@pop.example.org");
    return none_is_read && none_is_made && mine && (*mine)->set_state({}).has_value();
  }));
}

TEST_F(FetchConfinementTest, AnMboxIsLockedBesideItAndBesideWhatItIsALinkTo) {
  if (confine::has_sanitizer() || confine::landlock_abi() == 0) GTEST_SKIP() << "nothing is confined here";
  fs::create_symlink(folder_ / "spool/mbox", folder_ / "ann/link");
  EXPECT_TRUE(holds_confined(to("mbox:" + (folder_ / "ann/link").string()), [this] {
    return can_open(folder_ / "ann/link.lock", O_WRONLY | O_CREAT) && can_open(folder_ / "ann/link", O_RDWR) &&
           can_open(folder_ / "spool/mbox.lock", O_WRONLY | O_CREAT) && !can_open(folder_ / "bob/mail", O_RDONLY);
  }));
}

TEST_F(FetchConfinementTest, ADryRunReachesNoTarget) {
  if (confine::has_sanitizer() || confine::landlock_abi() == 0) GTEST_SKIP() << "nothing is confined here";
  place_.dry_run = true;
  EXPECT_TRUE(holds_confined(to("maildir:" + (folder_ / "ann").string()),
                             [this] { return !can_open(folder_ / "ann/new/message", O_WRONLY | O_CREAT); }));
}

TEST_F(FetchConfinementTest, WhoseMailIsGivenToAProgramStartsNoneItself) {
  if (confine::has_sanitizer() || confine::landlock_abi() == 0) GTEST_SKIP() << "nothing is confined here";
  EXPECT_TRUE(holds_confined(to("command:procmail"), [this] {
    return !can_open(folder_ / "password", O_RDONLY) && !can_open(folder_ / "bob/mail", O_RDONLY) && ::fork() < 0;
  }));
}

TEST_F(FetchConfinementTest, OnlyThePortsOfServersProxiesAndTargetsAreConnectedTo) {
  auto account = to("smtps://mail.example/ann@example.org");
  account.proxy = fetch::ProxyUrl{"proxy.example", 1080, {}};
  const auto rules = fetch_rules(account, place_, console_);
  EXPECT_EQ(rules.ports, (std::vector<std::uint16_t>{53, 995, 1080, 465}));
}

}  // namespace
}  // namespace fermo::commands
