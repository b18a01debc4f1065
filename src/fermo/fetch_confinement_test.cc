#include "fermo/fetch_confinement.h"

#include <fcntl.h>
#include <stdlib.h>  // setenv
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string_view>

#include <gtest/gtest.h>

#include "confine/landlock.h"

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
    for (const char* sub : {"state", "ann", "bob", "archive", "spool", "ann/new"}) fs::create_directory(folder_ / sub);
    for (const char* file : {"bob/mail", "password", "spool/mbox"}) std::ofstream(folder_ / file) << "text";
    place_.state = folder_ / "state";
    ::setenv("TMPDIR", place_.state.c_str(), 1);  // which stays open to a fetch
    account_.server.port = 995;
  }
  void TearDown() override {
    ::unsetenv("TMPDIR");
    fs::remove_all(folder_);
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

TEST_F(FetchConfinementTest, AnAccountReachesItsTargetItsArchiveAndTheLedgerAndNothingElse) {
  if (confine::has_sanitizer() || confine::landlock_abi() == 0) GTEST_SKIP() << "nothing is confined here";
  auto account = to("maildir:" + (folder_ / "ann").string());
  account.archive = folder_ / "archive";
  EXPECT_TRUE(holds_confined(account, [this] {
    return can_open(folder_ / "state/ledger", O_WRONLY | O_CREAT) &&
           can_open(folder_ / "ann/new/message", O_WRONLY | O_CREAT) &&
           can_open(folder_ / "archive/copy", O_WRONLY | O_CREAT) && can_open("/etc/passwd", O_RDONLY) &&
           !can_open(folder_ / "bob/mail", O_RDONLY) && !can_open(folder_ / "password", O_RDONLY) && ::fork() < 0;
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
