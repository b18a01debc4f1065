#include "fetch_accounts/account_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace fermo::fetch_accounts {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Surroundings at_home() {
  Surroundings around;
  around.home = "/home/ann";
  around.target_problem = [](const std::string& text) { return text.starts_with("mail") ? "" : "write maildir:DIR"; };
  around.pin_problem = [](const std::string& text) { return text.starts_with("sha256//") ? "" : "is no pin"; };
  return around;
}

std::vector<std::string> problems_in(std::string_view toml) {
  std::vector<std::string> texts;
  for (const auto& problem : read_accounts(toml, at_home()).problems) texts.push_back(problem.text("a.toml"));
  return texts;
}

std::vector<Account> accounts_in(std::string_view toml) {
  auto read = read_accounts(toml, at_home());
  EXPECT_THAT(problems_in(toml), IsEmpty());
  return read.accounts;
}

/// The first account of a text whose table is complete but for `lines`.
Account account_with(const std::string& lines) {
  const auto accounts = accounts_in(
      "[account.ann]\nserver = \"pop3s://pop.example.org\"\nuser = \"ann\"\n"
      "to = \"maildir:/m\"\n" +
      lines);
  return accounts.empty() ? Account() : accounts.front();
}

std::vector<std::string> problems_with(const std::string& lines) {
  return problems_in("[account.ann]\nserver = \"pop3s://pop.example.org\"\nuser = \"ann\"\nto = \"maildir:/m\"\n" +
                     lines);
}

TEST(AccountFile, AnEmptyTextHasNoAccounts) {
  EXPECT_THAT(accounts_in(""), IsEmpty());
  EXPECT_THAT(accounts_in("# nothing yet\n[defaults]\n[account]\n"), IsEmpty());
}

TEST(AccountFile, EveryKeyEndsUpInItsPlace) {
  const Account account = account_with(R"(
address = "ann@example.org"
enabled = false
password_command = "pass show mail/ann"
token = true
mode = "keep-days=7"
headers_only = true
limit_octets = 1000000
messages_at_once_max = 50
first_run = "from-now"
delete_imported = true
to_user = "me"
to_password_command = "pass show target"
to_token = true
to_ca = "~/target.pem"
archive = "~/archive"
interval_seconds = 300
timeout_seconds = 20
ca = "/etc/ca.pem"
pins = ["sha256//x", "sha256//y"]
proxy = "socks5://127.0.0.1:9050"
allow_plaintext = true
)");
  Account expected;
  expected.name = "ann";
  expected.address = "ann@example.org";
  expected.enabled = false;
  expected.server = {fetch::TlsMode::implicit, "pop.example.org", 995};
  expected.user = "ann";
  expected.secret = {SecretSource::Kind::command, "pass show mail/ann"};
  expected.token = true;
  expected.policy.mode = fetch::Mode::keep_days;
  expected.policy.keep_days = std::chrono::days(7);
  expected.policy.headers_only = true;
  expected.policy.whole_octets_max = Octets{1'000'000};
  expected.policy.messages_at_once_max = 50;
  expected.policy.first_run = fetch::FirstRun::from_now;
  expected.policy.remove_imported = true;
  expected.target = "maildir:/m";
  expected.target_access = {"me", {SecretSource::Kind::command, "pass show target"}, true, "/home/ann/target.pem"};
  expected.archive = "/home/ann/archive";
  expected.interval = std::chrono::seconds(300);
  expected.timeout = std::chrono::seconds(20);
  expected.authorities = "/etc/ca.pem";
  expected.pins = {"sha256//x", "sha256//y"};
  expected.proxy = fetch::ProxyUrl{"127.0.0.1", 9050, ""};
  expected.allow_plaintext = true;
  EXPECT_EQ(account, expected);
}

TEST(AccountFile, SaysWhereTheSecretComesFrom) {
  using Kind = SecretSource::Kind;
  EXPECT_EQ(account_with("").secret, SecretSource());
  EXPECT_EQ(account_with("password_file = \"~/p\"").secret, (SecretSource{Kind::file, "/home/ann/p"}));
  EXPECT_EQ(account_with("password_keyring = true").secret, (SecretSource{Kind::keyring, ""}));
  EXPECT_EQ(account_with("password_credential = \"ann\"").secret, (SecretSource{Kind::credential, "ann"}));
  EXPECT_EQ(account_with("password_environment = \"ANN\"").secret, (SecretSource{Kind::environment, "ANN"}));
  EXPECT_THAT(problems_with("password_environment = \"9=\""), ElementsAre(HasSubstr("a.toml:5: password_environment")));
  EXPECT_THAT(problems_with("password_credential = \"../x\""), ElementsAre(HasSubstr("without slashes")));
  EXPECT_THAT(problems_with("password_file = \"/p\"\npassword_command = \"c\""),
              ElementsAre(HasSubstr("exclude each other")));
}

TEST(AccountFile, AnAddressIsNameAndUserUnlessThereAreOthers) {
  const auto accounts = accounts_in(R"(
[account."ann@example.org"]
server = "pop3s://pop.example.org"
to = "maildir:~/m"
[account.work]
server = "pop3+stls://pop.example.net:1110"
address = "ann@example.net"
to = "mail"
)");
  ASSERT_EQ(accounts.size(), 2U);
  EXPECT_EQ(accounts[0].name, "ann@example.org");
  EXPECT_EQ(accounts[0].user, "ann@example.org");
  EXPECT_EQ(accounts[0].target, "maildir:/home/ann/m");
  EXPECT_EQ(accounts[1].user, "ann@example.net");
  EXPECT_EQ(ledger_name(accounts[1]), "ann@example.net@pop.example.net:1110");
  EXPECT_EQ(find_account(accounts, "work"), &accounts[1]);
  EXPECT_EQ(find_account(accounts, "other"), nullptr);
}

TEST(AccountFile, KeepsTheOrderOfTheFile) {
  std::string text;
  for (const std::string name : {"zoe", "ann", "mia"}) {
    text += "[account." + name + "]\nuser = \"" + name + "\"\nserver = \"pop3s://h\"\nto = \"mail\"\n";
  }
  std::vector<std::string> names;
  for (const auto& account : accounts_in(text)) names.push_back(account.name);
  EXPECT_THAT(names, ElementsAre("zoe", "ann", "mia"));
}

TEST(AccountFile, DefaultsHoldUnlessTheAccountSaysOtherwise) {
  const auto accounts = accounts_in(R"(
[defaults]
mode = "delete"
to = "maildir:~/m"
password_keyring = true
[account."ann@example.org"]
server = "pop3s://pop.example.org"
[account."bob@example.org"]
server = "pop3s://pop.example.org"
mode = "keep"
password_command = "pass bob"
)");
  ASSERT_EQ(accounts.size(), 2U);
  EXPECT_EQ(accounts[0].policy.mode, fetch::Mode::remove);
  EXPECT_EQ(accounts[0].secret.kind, SecretSource::Kind::keyring);
  EXPECT_EQ(accounts[1].policy.mode, fetch::Mode::keep);
  EXPECT_EQ(accounts[1].secret.kind, SecretSource::Kind::command);
  EXPECT_EQ(accounts[1].target, "maildir:/home/ann/m");
}

TEST(AccountFile, AllProblemsAreToldAtTheirLines) {
  EXPECT_THAT(problems_in(R"([account.ann]
sever = "pop3s://pop.example.org"
user = 3
to = "maildir:m"
mode = "remove"
[defaults]
server = "pop3s://h"
[acount.bob]
user = "bob"
)"),
              ElementsAre("a.toml:1: account \"ann\" has no server; say where its mail is, server = "
                          "\"pop3s://pop.example.org\"",
                          "a.toml:2: unknown key \"sever\"; did you mean server?",
                          "a.toml:3: user is an integer; it must be a string",
                          "a.toml:4: to is \"maildir:m\"; its path must begin with / or ~/",
                          "a.toml:5: mode is \"remove\"; it must be delete, keep, keep-days=N, keep-newest=N or mirror",
                          "a.toml:7: server cannot stand in [defaults]; it belongs to one account",
                          "a.toml:9: unknown key \"acount.bob.user\"; did you mean account?"));
}

TEST(AccountFile, WhatIsMissingIsTold) {
  EXPECT_THAT(problems_in("[account.ann]\n"), ElementsAre(HasSubstr("does not say where its mail goes"),
                                                          HasSubstr("has no server"), HasSubstr("has no user")));
}

TEST(AccountFile, PlaintextOnlyByWish) {
  const std::string account = "[account.ann]\nserver = \"pop3://h\"\nuser = \"ann\"\nto = \"mail\"\n";
  EXPECT_THAT(problems_in(account), ElementsAre(HasSubstr("allow_plaintext = true")));
  EXPECT_TRUE(accounts_in(account + "allow_plaintext = true\n").front().allow_plaintext);
}

TEST(AccountFile, OneUserAtOneServerIsOneAccount) {
  EXPECT_THAT(problems_in("[account.a]\nserver = \"pop3s://h\"\nuser = \"ann\"\nto = \"mail\"\n"
                          "[account.b]\nserver = \"pop3+stls://H\"\nuser = \"ann\"\nto = \"mail\"\n"),
              ElementsAre(HasSubstr("a.toml:5: account \"b\" has the user and the server of account \"a\"")));
}

TEST(AccountFile, TablesInOtherPlacesAreExplained) {
  EXPECT_THAT(problems_in("[[account]]\nname = \"ann\"\n"),
              ElementsAre(HasSubstr("account is an array; it must be a table")));
  EXPECT_THAT(problems_in("server = \"pop3s://h\"\n"), ElementsAre(HasSubstr("stands before any account")));
  EXPECT_THAT(problems_in("[account]\nserver = \"pop3s://h\"\n"), ElementsAre(HasSubstr("an account is a table")));
  EXPECT_THAT(problems_in("[account.ann@example.org]\nserver = \"pop3s://h\"\n"), ElementsAre(HasSubstr("not TOML")));
  EXPECT_THAT(problems_in("[account.ann.example.org]\nserver = \"pop3s://h\"\n"),
              ElementsAre(HasSubstr("needs quotes")));
}

TEST(AccountFile, NamesThatCannotBeAreTold) {
  EXPECT_EQ(name_problem("ann@example.org"), "");
  EXPECT_EQ(name_problem("zoë"), "");
  for (const std::string name : {"", "-x", ".x", "a/b", "a\nb", "a\"b", "\xff"})
    EXPECT_NE(name_problem(name), "") << name;
  EXPECT_NE(name_problem(std::string(201, 'a')), "");
}

TEST(AccountFile, PathsNeedAHomeForTheTilde) {
  Surroundings nowhere = at_home();
  nowhere.home.clear();
  const auto read = read_accounts("[account.a]\nserver = \"pop3s://h\"\nuser = \"a\"\nto = \"maildir:~/m\"\n", nowhere);
  ASSERT_EQ(read.problems.size(), 1U);
  EXPECT_THAT(read.problems[0].message, HasSubstr("there is no HOME"));
}

TEST(AccountFile, ValuesInWordsBecomeToml) {
  EXPECT_EQ(toml_value("enabled", "false"), "false");
  EXPECT_EQ(toml_value("enabled", "no"), "\"no\"");
  EXPECT_EQ(toml_value("interval_seconds", "300"), "300");
  EXPECT_EQ(toml_value("interval_seconds", "0300"), "\"0300\"");
  EXPECT_EQ(toml_value("user", "300"), "\"300\"");
  EXPECT_EQ(toml_value("user", "a\"b\\"), "\"a\\\"b\\\\\"");
  EXPECT_EQ(toml_value("pins", "x,y"), "[\"x\", \"y\"]");
}

TEST(AccountFile, EveryExampleCanBeRead) {
  for (const KeyHelp& key : key_help()) {
    const std::string name(key.name);
    if (name == "server" || name == "user" || name == "to") continue;
    const auto problems = problems_with(name + " = " + std::string(key.example));
    EXPECT_THAT(problems, IsEmpty()) << name;
  }
}

TEST(AccountFile, EveryKeyStandsInTheDocumentation) {
  const char* const source = std::getenv("FERMO_SOURCE_DIR");
  if (source == nullptr) GTEST_SKIP() << "FERMO_SOURCE_DIR is not set";
  std::ifstream file(std::string(source) + "/docs/accounts.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  for (const KeyHelp& key : key_help()) {
    EXPECT_THAT(page, HasSubstr("| `" + std::string(key.name) + "` | " + std::string(key.explanation)));
  }
}

TEST(AccountFile, AnyDamageEndsInProblemsOrAccounts) {
  const std::string good =
      "[defaults]\nmode = \"keep\"\n[account.\"a@b\"]\nserver = \"pop3s://[::1]:1\"\n"
      "pins = [\"sha256//x\", # why\n \"y\"]\nto = \"maildir:~/m\"\n[account]\nx.user = 'y'\n";
  std::mt19937 random(7);
  for (int i = 0; i < 5000; ++i) {
    std::string text = good;
    for (int changes = 0; changes < 3; ++changes) {
      const std::size_t at = random() % text.size();
      const char c = "[]\"'.=#\n\\a\xc3{,"[random() % 13];
      random() % 2 == 0 ? text.insert(at, 1, c) : text.erase(at, 1 + random() % 4);
    }
    const auto read = read_accounts(text, at_home());
    for (const auto& account : read.accounts) {
      if (read.problems.empty()) {
        EXPECT_FALSE(account.server.host.empty() || account.user.empty() || account.target.empty());
      }
    }
  }
}

}  // namespace
}  // namespace fermo::fetch_accounts
