#include "fetcher/sqlite_ledger.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "fetch/ledger_conformance.h"
#include "fetcher/ledger_file.h"
#include "fetcher/temporary_folder.h"

namespace fermo::fetch {
namespace {

class Harness final : public LedgerHarness {
 public:
  Harness() { open(); }
  Ledger& ledger() override { return *ledger_; }
  void reopen() override {
    ledger_.reset();
    open();
  }

 private:
  void open() { ledger_ = fetcher::SqliteLedger::open(folder_.path() / "ledger", "anna@example.org").value(); }

  fetcher::TemporaryFolder folder_;
  std::unique_ptr<Ledger> ledger_;
};

INSTANTIATE_TEST_SUITE_P(SqliteLedger, LedgerConformance,
                         testing::Values(LedgerHarnessMaker([] { return std::make_unique<Harness>(); })),
                         [](const auto&) { return "OnDisk"; });

}  // namespace
}  // namespace fermo::fetch

namespace fermo::fetcher {
namespace {

using fetch::Change;
using fetch::Error;
namespace change = fetch::change;

const Timestamp now(std::chrono::seconds(1'800'000'000));

class SqliteLedgerTest : public testing::Test {
 protected:
  std::filesystem::path path() const { return folder_.path() / "ledger"; }
  auto open(std::string_view account = "anna", Access access = Access::exclusive) {
    return SqliteLedger::open(path(), account, access);
  }
  /// Runs SQL as any other program could.
  void execute(const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }
  static Result<void> deliver(fetch::Ledger& ledger, const std::string& key) {
    const std::vector<Change> changes{change::Seen{key, Octets{1}, now, 1},
                                      change::Delivered{key, now, "name-" + key, true, std::nullopt}};
    return ledger.apply(changes);
  }

  TemporaryFolder folder_;
};

TEST_F(SqliteLedgerTest, SyncsTheFolderWhenARollbackJournalGoes) {
  ASSERT_TRUE(open());
  constexpr std::int64_t extra = 3;
  EXPECT_EQ(open_database(path(), false)->integer("PRAGMA synchronous").value(), extra);
}

TEST_F(SqliteLedgerTest, IsForItsUserOnly) {
  ASSERT_TRUE(open().has_value());
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(SqliteLedgerTest, KeepsAccountsApart) {
  auto anna = open("anna");
  auto bert = open("bert");
  ASSERT_TRUE(anna && bert);
  ASSERT_FALSE(deliver(**anna, "same").has_error());
  EXPECT_EQ(*(*bert)->find("same"), std::nullopt);
  EXPECT_TRUE((*bert)->load()->empty());
}

TEST_F(SqliteLedgerTest, LetsOneHoldAnAccountAtATime) {
  auto first = open();
  ASSERT_TRUE(first);
  EXPECT_EQ(open().error(), Error::in_use);
  EXPECT_TRUE(open("another"));
  first->reset();
  EXPECT_TRUE(open());
}

TEST_F(SqliteLedgerTest, CanBeLookedAtWhileItIsHeld) {
  auto held = open();
  ASSERT_FALSE(deliver(**held, "a").has_error());
  auto looked_at = open("anna", Access::read_only);
  ASSERT_TRUE(looked_at);
  EXPECT_EQ((*looked_at)->load()->size(), 1u);
  EXPECT_TRUE(deliver(**looked_at, "b").has_error());
  EXPECT_TRUE(open("nobody", Access::read_only).value()->load()->empty());
}

TEST_F(SqliteLedgerTest, DoesNotMakeAFileOnlyToLook) {
  EXPECT_TRUE(open("anna", Access::read_only).has_error());
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(SqliteLedgerTest, RefusesAFolderThatIsNotThere) {
  EXPECT_EQ(SqliteLedger::open(folder_.path() / "no" / "ledger", "anna").error(), Error::misused);
}

TEST_F(SqliteLedgerTest, RefusesWhatIsNoLedgerAndLeavesItAlone) {
  std::ofstream(path()) << std::string(4096, 'x');
  EXPECT_EQ(open().error(), Error::not_ours);
  EXPECT_EQ(std::filesystem::file_size(path()), 4096u);
  std::filesystem::remove(path());
  execute("CREATE TABLE other (x)");
  EXPECT_EQ(open().error(), Error::not_ours);
}

TEST_F(SqliteLedgerTest, BeginsAnewWhereTheFileWasNeverFinished) {
  std::ofstream(path().native() + "-new") << "SQLite format 3";
  std::ofstream{path()};
  ASSERT_TRUE(open());
  execute("INSERT INTO account (name) VALUES ('berta')");
  EXPECT_EQ(SqliteLedger::accounts(path()).value(), (std::vector<std::string>{"anna", "berta"}));
  EXPECT_FALSE(std::filesystem::exists(path().native() + "-new"));
}

TEST_F(SqliteLedgerTest, RefusesANewerVersion) {
  {
    ASSERT_TRUE(open());
  }
  execute("PRAGMA user_version = 2");
  EXPECT_EQ(open().error(), Error::newer_version);
}

TEST_F(SqliteLedgerTest, SaysWhenItIsDamaged) {
  {
    auto ledger = open();
    for (int i = 0; i < 200; ++i) ASSERT_FALSE(deliver(**ledger, "key-" + std::to_string(i)).has_error());
  }
  std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
  const auto size = std::filesystem::file_size(path());
  for (std::uintmax_t at = 4096; at + 4096 <= size; at += 4096) {
    file.seekp(static_cast<std::streamoff>(at));
    file << std::string(4096, '\xa5');
  }
  file.close();
  auto ledger = open();
  const auto error = ledger ? (*ledger)->load().error() : ledger.error();
  EXPECT_EQ(error, Error::corrupt);
}

TEST_F(SqliteLedgerTest, SaysWhenARecordMakesNoSense) {
  {
    auto ledger = open();
    ASSERT_FALSE(deliver(**ledger, "a").has_error());
  }
  execute("UPDATE message SET standing = 'no such standing'");
  auto ledger = open();
  EXPECT_EQ((*ledger)->find("a").error(), Error::corrupt);
  EXPECT_EQ((*ledger)->load().error(), Error::corrupt);
}

TEST_F(SqliteLedgerTest, WaitsForAnotherAccountsCommit) {
  auto anna = open("anna");
  ASSERT_TRUE(anna);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto bert = SqliteLedger::open(path(), "bert");
    bool good = bert.has_value();
    for (int i = 0; good && i < 50; ++i) good = !deliver(**bert, "b" + std::to_string(i)).has_error();
    ::_exit(good ? 0 : 1);
  }
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(deliver(**anna, "a" + std::to_string(i)).has_error());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ((*anna)->load()->size(), 50u);
}

/// The child says on the pipe which record has been acknowledged; it is killed in the middle of its work.
class Killed : public SqliteLedgerTest {
 protected:
  [[noreturn]] void work_until_killed(int report, int cycle) {
    auto ledger = open();
    if (!ledger) ::_exit(1);
    for (int i = 0;; ++i) {
      const std::string key = std::to_string(cycle) + "-" + std::to_string(i);
      if (deliver(**ledger, key).has_error()) ::_exit(1);
      if (::write(report, &i, sizeof i) != sizeof i) ::_exit(1);
    }
  }
};

TEST_F(Killed, LosesNothingThatWasAcknowledged) {
  constexpr int cycles = 25;
  std::vector<int> acknowledged;
  for (int cycle = 0; cycle < cycles; ++cycle) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) work_until_killed(ends[1], cycle);
    ::close(ends[1]);
    int last = -1;
    int number = 0;
    while (last < cycle && ::read(ends[0], &number, sizeof number) == sizeof number) last = number;
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    while (::read(ends[0], &number, sizeof number) == sizeof number) last = number;
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    acknowledged.push_back(last);
  }
  auto ledger = open();
  ASSERT_TRUE(ledger);
  for (int cycle = 0; cycle < cycles; ++cycle) {
    const int last = acknowledged[static_cast<std::size_t>(cycle)];
    ASSERT_GE(last, cycle);
    for (int i = 0; i <= last; ++i) {
      const auto record = *(*ledger)->find(std::to_string(cycle) + "-" + std::to_string(i));
      ASSERT_TRUE(record) << cycle << " " << i;
      EXPECT_EQ(record->standing, fetch::Standing::whole);
    }
  }
}

}  // namespace
}  // namespace fermo::fetcher
