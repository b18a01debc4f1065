#include "fetch_accounts/account_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/toml_reader.h"
#include "fetch_accounts/toml_lines.h"

namespace fermo::fetch_accounts {
namespace {

const std::string file = R"(# My mail, all of it.

[defaults]
mode = "keep" # for now

# The old one.
# Still needed.
[account.ann]   # at home
server = "pop3s://pop.example.org"
  user = "ann" # not the address
pins = [
  "sha256//x", # ] until May
  "sha256//y",
]

# Work.
[account."ann@work.example"]
server = "pop3s://pop.work.example"  # "quoted" = [
to = 'maildir:/w # not a comment'
# the end of work

# nothing more
)";

using Changes = std::vector<KeyChange>;

std::string changed(const std::string& text, const std::string& name, const Changes& changes) {
  return with_changes(text, name, changes).value_or("not found");
}

/// `text` with one part replaced.
std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(AccountEdit, ReplacesAValueAndNothingElse) {
  EXPECT_EQ(changed(file, "ann", {{"user", "\"bob\""}}), with(file, "user = \"ann\" #", "user = \"bob\" #"));
  EXPECT_EQ(changed(file, "ann@work.example", {{"server", "\"x\""}}),
            with(file, "\"pop3s://pop.work.example\"  #", "\"x\"  #"));
  EXPECT_EQ(changed(file, "ann@work.example", {{"to", "\"x\""}}), with(file, "'maildir:/w # not a comment'", "\"x\""));
}

TEST(AccountEdit, ReplacesAValueOverSeveralLines) {
  EXPECT_EQ(changed(file, "ann", {{"pins", "[\"z\"]"}}),
            with(file, "[\n  \"sha256//x\", # ] until May\n  \"sha256//y\",\n]", "[\"z\"]"));
}

TEST(AccountEdit, PutsANewKeyBehindTheLastOfItsTable) {
  EXPECT_EQ(changed(file, "ann", {{"enabled", "false"}}), with(file, "y\",\n]\n", "y\",\n]\nenabled = false\n"));
  EXPECT_EQ(changed(file, "ann@work.example", {{"mode", "\"delete\""}}),
            with(file, "comment'\n", "comment'\nmode = \"delete\"\n"));
  EXPECT_EQ(changed("[account.a]", "a", {{"x", "1"}}), "[account.a]\nx = 1\n");
  EXPECT_EQ(changed("[account.a]\n  y = 1", "a", {{"x", "1"}}), "[account.a]\n  y = 1\n  x = 1\n");
}

TEST(AccountEdit, TakesAKeyAway) {
  EXPECT_EQ(changed(file, "ann", {{"user", std::nullopt}}), with(file, "  user = \"ann\" # not the address\n", ""));
  EXPECT_EQ(changed(file, "ann", {{"mode", std::nullopt}}), file);
}

TEST(AccountEdit, RemovesATableWithItsCommentAndNoOther) {
  const std::string ann = file.substr(file.find("# The old"), file.find("# Work.") - file.find("# The old"));
  EXPECT_EQ(without_account(file, "ann"), with(file, ann, ""));
  EXPECT_EQ(without_account(file, "ann@work.example"), file.substr(0, file.find("# Work.")) + "# nothing more\n");
  EXPECT_EQ(without_account("# Head.\n\n[account.a]\nx = 1\n\n", "a"), "# Head.\n");
  EXPECT_EQ(without_account("# Head.\n[account.a]\nx = 1\n[account.b]\n", "a"), "# Head.\n[account.b]\n");
  EXPECT_EQ(without_account("[account.a]\nx = 1", "a"), "");
}

TEST(AccountEdit, AddsATableAtTheEnd) {
  const Changes keys{{"server", "\"s\""}, {"user", std::nullopt}, {"token", "true"}};
  EXPECT_EQ(with_account("", "ann", keys), "[account.ann]\nserver = \"s\"\ntoken = true\n");
  EXPECT_EQ(with_account(file, "b@c.d", keys), file + "\n[account.\"b@c.d\"]\nserver = \"s\"\ntoken = true\n");
  EXPECT_EQ(with_account("[a]\nx = 1", "ann", keys), "[a]\nx = 1\n\n[account.ann]\nserver = \"s\"\ntoken = true\n");
}

TEST(AccountEdit, KeepsTheLineEndsOfTheFile) {
  EXPECT_EQ(with_account("[a]\r\n", "b", Changes{{"x", "1"}}), "[a]\r\n\r\n[account.b]\r\nx = 1\r\n");
  EXPECT_EQ(changed("[account.b]\r\nx = 1 \r\n", "b", {{"x", "2"}, {"y", "3"}}), "[account.b]\r\nx = 2 \r\ny = 3\r\n");
}

TEST(AccountEdit, FindsATableHoweverItsNameIsWritten) {
  for (const std::string header : {"[account.ann]", "[ account . ann ]", "[account.'ann']", "[\"account\".\"ann\"]"}) {
    EXPECT_EQ(changed(header + "\nx=1", "ann", {{"x", "2"}}), header + "\nx=2");
  }
}

TEST(AccountEdit, LeavesAloneWhatIsNotATableOfItsOwn) {
  for (const std::string text :
       {"account.ann.user = \"x\"\n", "[account]\nann.user = \"x\"\n", "account = {ann = {}}\n",
        "[[account.ann]]\nuser = 1\n", "# [account.ann]\n", "x = \"\"\"\n[account.ann]"}) {
    EXPECT_EQ(with_changes(text.substr(0, text.find("\n[account.ann]")), "ann", Changes{{"x", "1"}}), std::nullopt)
        << text;
    EXPECT_EQ(without_account(text.substr(0, text.find("\n[account.ann]")), "ann"), std::nullopt) << text;
  }
}

TEST(AccountEdit, StatementsFollowEachOtherWithoutAGap) {
  for (const std::string& text : {file, std::string("\xEF\xBB\xBF[a]\nx=[1,\n2]"), std::string("x"),
                                  std::string("\"\\"), std::string("[[a]]\r\n'"), std::string("a=\"\\\"#\" # }\n")}) {
    std::size_t at = 0;
    for (const Statement& statement : statements_of(text)) {
      EXPECT_EQ(statement.begin, at);
      EXPECT_GT(statement.end, statement.begin);
      EXPECT_LE(statement.value_end, statement.end);
      at = statement.end;
    }
    EXPECT_EQ(at, text.size());
  }
}

TEST(AccountEdit, WhatIsEditedStaysToml) {
  std::string text = file;
  for (const std::string name : {"ann", "ann@work.example"}) {
    text = changed(text, name, {{"user", "\"x\""}, {"pins", "[\"a\", \"b\"]"}, {"to", std::nullopt}});
  }
  text = with_account(text, "c", Changes{{"user", "\"c\""}});
  EXPECT_TRUE(config::read_toml(text).problems.empty()) << text;
  EXPECT_TRUE(config::read_toml(without_account(text, "ann").value_or("=")).problems.empty());
}

}  // namespace
}  // namespace fermo::fetch_accounts
