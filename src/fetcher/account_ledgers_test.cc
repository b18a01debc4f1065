#include "fetcher/account_ledgers.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "fetcher/temporary_folder.h"

namespace fermo::fetcher {
namespace {

namespace fs = std::filesystem;
using fetch::Change;
using fetch::Error;
namespace change = fetch::change;

const Timestamp now(std::chrono::seconds(1'800'000'000));
const std::vector<std::string> accounts{"ann@pop.example.org", "bob@pop.example.org:1110", "Jörg/ö"};

Result<void> deliver(fetch::Ledger& ledger, const std::string& key) {
  const std::vector<Change> changes{change::Seen{key, Octets{1}, now, 1},
                                    change::Delivered{key, now, "name-" + key, true, std::nullopt}};
  return ledger.apply(changes);
}

class AccountLedgersTest : public testing::Test {
 protected:
  /// What an earlier version left: each account with records and a state of its own.
  void make_earlier_file(int records = 3) {
    for (const auto& account : accounts) {
      const auto ledger = SqliteLedger::open(ledgers_.earlier_file(), account).value();
      for (int i = 0; i < records; ++i) ASSERT_FALSE(deliver(*ledger, account + std::to_string(i)).has_error());
      fetch::AccountState state;
      state.first_run_done = true;
      state.stat = mail::DropListing{7, Octets{70}};
      state.target_mark = "mark of " + account;
      ASSERT_FALSE(ledger->set_state(state).has_error());
      records_.push_back(ledger->load().value());
      states_.push_back(ledger->state().value());
    }
  }

  /// That what is looked at is what the earlier version left.
  void expect_all_is_there() {
    for (std::size_t i = 0; i < accounts.size(); ++i) {
      const auto place = ledgers_.place_of(accounts[i]);
      ASSERT_TRUE(place);
      const auto ledger = SqliteLedger::open(*place, accounts[i], Access::read_only);
      ASSERT_TRUE(ledger);
      EXPECT_EQ((*ledger)->load().value(), records_[i]);
      EXPECT_EQ((*ledger)->state().value(), states_[i]);
    }
  }

  bool is_taken_over() { return ledgers_.place_of(accounts.front()).value() != ledgers_.earlier_file(); }

  static int result_of(pid_t child) {
    int status = -1;
    return ::waitpid(child, &status, 0) == child ? status : -1;
  }

  TemporaryFolder folder_;
  AccountLedgers ledgers_{folder_.path()};
  std::vector<std::vector<fetch::Record>> records_;
  std::vector<fetch::AccountState> states_;
};

// --- Folders ---------------------------------------------------------------------------------------------------------

TEST_F(AccountLedgersTest, AFolderIsCalledAsItsAccount) {
  EXPECT_EQ(ledgers_.folder("ann@pop.example.org:1110").filename(), "account-ann@pop.example.org:1110");
  EXPECT_EQ(ledgers_.folder("Ann/%").filename(), "account-%41nn%2F%25");
  EXPECT_EQ(ledgers_.folder("").filename(), "account-");
  EXPECT_EQ(ledgers_.folder("../..").parent_path(), folder_.path());
}

TEST_F(AccountLedgersTest, NoTwoAccountsShareAFolderEvenWhereCaseDoesNotCount) {
  const std::string much(1'000, 'x');
  const std::string cut = ledgers_.folder(much).filename().string().substr(std::string("account-").size());
  const std::vector<std::string> names{"ann",     "Ann",      "ANN",  "ann ",     "%41nn",    "ann/b",   "ann%2Fb",
                                       "ann%2fb", "\xff\xfe", much,   much + "y", "X" + much, cut,       ".",
                                       "..",      "a\nb",     "a\\b", "fetch.db", "",         "account-"};
  std::set<std::string> folders;
  for (const auto& name : names) {
    std::string folder = ledgers_.folder(name).filename();
    EXPECT_LE(folder.size(), limits::ledger_folder_octets_max);
    std::ranges::transform(folder, folder.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    EXPECT_TRUE(folders.insert(folder).second) << name;
  }
}

TEST_F(AccountLedgersTest, EachAccountHasAFolderOfItsOwnForItsUserOnly) {
  const auto ann = ledgers_.open("ann").value();
  const auto bob = ledgers_.open("bob").value();
  ASSERT_FALSE(deliver(*ann, "same").has_error());
  EXPECT_TRUE(bob->load()->empty());
  for (const char* const account : {"ann", "bob"}) {
    struct stat status{};
    ASSERT_EQ(::stat(ledgers_.folder(account).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
  }
  std::set<fs::path> there;
  for (const auto& entry : fs::directory_iterator(folder_.path())) there.insert(entry.path());
  EXPECT_EQ(there, (std::set<fs::path>{ledgers_.folder("ann"), ledgers_.folder("bob")}));
}

TEST_F(AccountLedgersTest, OneAtATimeHoldsAnAccount) {
  auto first = ledgers_.open("ann");
  ASSERT_TRUE(first);
  EXPECT_EQ(ledgers_.open("ann").error(), Error::in_use);
  EXPECT_TRUE(ledgers_.open("bob"));
  first->reset();
  EXPECT_TRUE(ledgers_.open("ann"));
}

TEST_F(AccountLedgersTest, TheFolderOfWhatIsRememberedMustBeThere) {
  const AccountLedgers none(folder_.path() / "none");
  EXPECT_EQ(none.open("ann").error(), Error::misused);
  EXPECT_TRUE(none.files()->empty());
  EXPECT_TRUE(none.take_over());
  EXPECT_FALSE(fs::exists(folder_.path() / "none"));
}

TEST_F(AccountLedgersTest, FilesAreThoseThatHoldSomething) {
  for (const char* const account : {"ann", "bob"}) ASSERT_TRUE(ledgers_.open(account));
  fs::create_directory(ledgers_.folder("cut short"));
  fs::create_directory(folder_.path() / "other");
  std::ofstream(folder_.path() / "other/ledger.db") << "text";
  auto files = ledgers_.files().value();
  std::ranges::sort(files);
  EXPECT_EQ(files, (std::vector{ledgers_.place_of("ann").value(), ledgers_.place_of("bob").value()}));
}

// --- Taking over -----------------------------------------------------------------------------------------------------

TEST_F(AccountLedgersTest, TakesOverEveryAccountOfAnEarlierVersion) {
  make_earlier_file();
  EXPECT_EQ(ledgers_.files().value(), std::vector{ledgers_.earlier_file()});
  expect_all_is_there();
  ASSERT_TRUE(ledgers_.take_over());
  EXPECT_TRUE(is_taken_over());
  EXPECT_EQ(ledgers_.files()->size(), accounts.size());
  expect_all_is_there();
  fs::remove_all(ledgers_.earlier_file());  // nothing depends on it any more
  expect_all_is_there();
}

TEST_F(AccountLedgersTest, WhatWasRecordedSinceIsNotTakenBack) {
  make_earlier_file();
  ASSERT_TRUE(ledgers_.take_over());
  ASSERT_FALSE(deliver(*ledgers_.open(accounts[0]).value(), "later").has_error());
  ASSERT_TRUE(ledgers_.take_over());
  EXPECT_TRUE(ledgers_.open(accounts[0]).value()->find("later").value());
}

TEST_F(AccountLedgersTest, AnEarlierVersionFetchesNothingAfterwards) {
  make_earlier_file();
  ASSERT_TRUE(ledgers_.take_over());
  EXPECT_EQ(SqliteLedger::open(ledgers_.earlier_file(), accounts[0]).error(), Error::newer_version);
}

TEST_F(AccountLedgersTest, WhatOneThatWasKilledBeganIsDoneAnew) {
  make_earlier_file();
  ASSERT_FALSE(deliver(*ledgers_.open(accounts[0]).value(), "of no worth").has_error());
  fs::create_directory(ledgers_.folder(accounts[1]));
  std::ofstream(ledgers_.folder(accounts[1]) / "ledger.db-new") << "SQLite format 3";
  expect_all_is_there();
  ASSERT_TRUE(ledgers_.take_over());
  expect_all_is_there();
}

TEST_F(AccountLedgersTest, TakesOverWhatAProcessThatDiedHadInItsLog) {
  make_earlier_file();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto ledger = SqliteLedger::open(ledgers_.earlier_file(), accounts[0]);
    ::_exit(ledger && !deliver(**ledger, "last").has_error() ? 0 : 1);  // without closing it
  }
  ASSERT_EQ(result_of(child), 0);
  ASSERT_TRUE(ledgers_.take_over());
  EXPECT_TRUE(ledgers_.open(accounts[0]).value()->find("last").value());
}

/// Where a file system has no shared memory: what is not rolled back cannot even be looked at.
TEST_F(AccountLedgersTest, TakesBackWhatAProcessThatDiedHadBegunWithoutALog) {
  make_earlier_file();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    sqlite3* database = nullptr;
    const char* const begun = "PRAGMA journal_mode = DELETE; BEGIN IMMEDIATE; UPDATE message SET octets = 99";
    const bool good = sqlite3_open(ledgers_.earlier_file().c_str(), &database) == SQLITE_OK &&
                      sqlite3_exec(database, begun, nullptr, nullptr, nullptr) == SQLITE_OK &&
                      sqlite3_db_cacheflush(database) == SQLITE_OK;
    ::_exit(good ? 0 : 1);
  }
  ASSERT_EQ(result_of(child), 0);
  ASSERT_TRUE(fs::exists(ledgers_.earlier_file().native() + "-journal"));
  expect_all_is_there();
  ASSERT_TRUE(ledgers_.take_over());
  expect_all_is_there();
}

TEST_F(AccountLedgersTest, WaitsUntilNoEarlierVersionIsFetching) {
  make_earlier_file();
  auto held = SqliteLedger::open(ledgers_.earlier_file(), accounts[1]);
  ASSERT_TRUE(held);
  EXPECT_EQ(ledgers_.take_over().error(), Error::in_use);
  EXPECT_FALSE(is_taken_over());
  held->reset();
  EXPECT_TRUE(ledgers_.take_over());
  expect_all_is_there();
}

TEST_F(AccountLedgersTest, WhatIsNoLedgerOrOfANewerVersionIsSaidToBe) {
  std::ofstream(ledgers_.earlier_file()) << std::string(4096, 'x');
  EXPECT_EQ(ledgers_.take_over().error(), Error::not_ours);
  EXPECT_EQ(ledgers_.place_of("ann").error(), Error::not_ours);
  EXPECT_EQ(ledgers_.files().error(), Error::not_ours);
  fs::remove(ledgers_.earlier_file());
  make_earlier_file();
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(ledgers_.earlier_file().c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, "PRAGMA user_version = 3", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(database);
  EXPECT_EQ(ledgers_.take_over().error(), Error::newer_version);
}

TEST_F(AccountLedgersTest, AnEmptyFileIsNone) {
  std::ofstream{ledgers_.earlier_file()};
  EXPECT_TRUE(ledgers_.take_over());
  EXPECT_TRUE(ledgers_.files()->empty());
}

TEST_F(AccountLedgersTest, SeveralMayDoItAtOnce) {
  make_earlier_file(50);
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(::fork());
    ASSERT_GE(children.back(), 0);
    if (children.back() == 0) ::_exit(ledgers_.take_over() && is_taken_over() ? 0 : 1);
  }
  for (const pid_t child : children) EXPECT_EQ(result_of(child), 0);
  expect_all_is_there();
}

/// tests/fetch/kill_points_test.py tries every call; this one tries instants between them.
TEST_F(AccountLedgersTest, KilledAtAnyInstantItLeavesWhatHoldsWhole) {
  make_earlier_file(200);
  std::mt19937_64 random(20261122);
  int killed = 0;
  for (std::uint64_t lives_max = 1'000; !is_taken_over(); lives_max += lives_max / 4) {
    const itimerval microseconds{{}, {0, static_cast<suseconds_t>(1 + random() % std::min(lives_max, 999'999UL))}};
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::setitimer(ITIMER_REAL, &microseconds, nullptr);  // nobody heeds the signal, so it ends the process
      ::_exit(ledgers_.take_over() ? 0 : 1);
    }
    killed += result_of(child) == 0 ? 0 : 1;
    expect_all_is_there();
  }
  EXPECT_GT(killed, 0);
  EXPECT_TRUE(ledgers_.take_over());
  expect_all_is_there();
}

}  // namespace
}  // namespace fermo::fetcher
