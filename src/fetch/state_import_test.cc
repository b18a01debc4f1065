#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/limits.h"
#include "fetch/import.h"
#include "fetch/memory_ledger.h"

namespace fermo::fetch {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Timestamp at(std::int64_t seconds) {
  return Timestamp(std::chrono::seconds(seconds));
}

std::vector<std::string> ids_of(const ImportedAccount& account) {
  std::vector<std::string> ids;
  for (const ImportedId& id : account.ids) ids.push_back(id.unique_id);
  return ids;
}

std::vector<std::string> told(const ImportProblems& problems) {
  std::vector<std::string> all;
  for (const ImportProblem& one : problems.list()) all.push_back(std::to_string(one.line) + " " + one.message);
  return all;
}

TEST(FetchmailIds, BelongToTheAccountOfTheirLine) {
  const auto state = read_fetchmail_ids(
      "anna b@pop.example.org uid-1\n"
      "anna@example.org@127.0.0.1 weird/slash+id=\n"
      "anna b@pop.example.org 0000002a\n");
  EXPECT_THAT(told(state.problems), IsEmpty());
  ASSERT_THAT(state.accounts, SizeIs(2));
  EXPECT_EQ(state.accounts[0].user, "anna b");
  EXPECT_EQ(state.accounts[0].host, "pop.example.org");
  EXPECT_THAT(ids_of(state.accounts[0]), ElementsAre("uid-1", "0000002a"));
  EXPECT_EQ(state.accounts[1].user, "anna@example.org");
  EXPECT_THAT(ids_of(state.accounts[1]), ElementsAre("weird/slash+id="));
}

TEST(FetchmailIds, SayWhatCannotBeRead) {
  const auto state = read_fetchmail_ids("nonsense\n@host id\nanna@ id\nanna@host id\nanna@host id\nanna@host a\x01\n");
  EXPECT_THAT(told(state.problems), ElementsAre(HasSubstr("1 this is not USER@HOST"), HasSubstr("2 this"),
                                                HasSubstr("3 this"), "6 \"a?\" is no unique-id"));
  EXPECT_THAT(ids_of(state.accounts[0]), ElementsAre("id"));
}

TEST(FetchmailIds, SayThatLongOnesWereCut) {
  const auto state = read_fetchmail_ids("anna@host " + std::string(127, 'x') + "\n");
  EXPECT_THAT(told(state.problems), ElementsAre(HasSubstr("cuts unique-ids at 127")));
  EXPECT_THAT(state.accounts[0].ids, SizeIs(1));
}

TEST(GetmailOldmail, TakesTheAccountFromTheFileName) {
  const auto state = read_getmail_oldmail("uid-A1\0001795267717\nweird-slash+id=\0001795267718\n"s,
                                          "/home/anna/.getmail/oldmail-pop-3.example.org-995-anna@my-example.org");
  EXPECT_THAT(told(state.problems), IsEmpty());
  ASSERT_THAT(state.accounts, SizeIs(1));
  EXPECT_EQ(state.accounts[0].host, "pop-3.example.org");
  EXPECT_EQ(state.accounts[0].port, 995);
  EXPECT_EQ(state.accounts[0].user, "anna@my-example.org");
  EXPECT_THAT(state.accounts[0].ids,
              ElementsAre(ImportedId{"uid-A1", at(1795267717)}, ImportedId{"weird-slash+id=", at(1795267718)}));
}

TEST(GetmailOldmail, SaysWhatCannotBeRead) {
  const auto state =
      read_getmail_oldmail("no nul\nid\000soon\nid\0005\n\0006\nx\00099999999999999999999\n"s, "anything");
  EXPECT_THAT(told(state.problems), ElementsAre(HasSubstr("0 the name of the file"), HasSubstr("1 this"),
                                                HasSubstr("2 this"), "4 \"\" is no unique-id", HasSubstr("5 this")));
  EXPECT_THAT(state.accounts[0].ids, ElementsAre(ImportedId{"id", at(5)}));
}

TEST(MpopUidls, HoldListsOfAccounts) {
  const auto state = read_mpop_uidls(
      "# This file was generated\n#\n"
      " 2 127.0.0.1 anna@example.org\n0000002a54e1\nweird/slash+id=\n"
      " 1 other.example.org bert with space\nx\n");
  EXPECT_THAT(told(state.problems), IsEmpty());
  ASSERT_THAT(state.accounts, SizeIs(2));
  EXPECT_EQ(state.accounts[0].host, "127.0.0.1");
  EXPECT_EQ(state.accounts[0].user, "anna@example.org");
  EXPECT_THAT(ids_of(state.accounts[0]), ElementsAre("0000002a54e1", "weird/slash+id="));
  EXPECT_EQ(state.accounts[1].user, "bert with space");
}

TEST(MpopUidls, SayWhatCannotBeReadOrIsMissing) {
  const auto state = read_mpop_uidls("lost\n x host user\nlost too\n 3 host user\na\n");
  EXPECT_THAT(told(state.problems),
              ElementsAre(HasSubstr("1 a unique-id without"), HasSubstr("2 this is not COUNT"),
                          HasSubstr("3 a unique-id without"), HasSubstr("2 more were announced")));
  EXPECT_THAT(ids_of(state.accounts[0]), ElementsAre("a"));
}

TEST(ThunderbirdPopstate, HoldsMessagesWithStatusAndTime) {
  const auto state = read_thunderbird_popstate(
      "# POP3 State File\r\n# This is a generated file!  Do not edit.\r\n\r\n"
      "*pop.example.org anna@example.org\r\nk uid-1 1795267717\r\nd uid-2 1795267718\r\nk old-form\r\n");
  EXPECT_THAT(told(state.problems), IsEmpty());
  ASSERT_THAT(state.accounts, SizeIs(1));
  EXPECT_EQ(state.accounts[0].user, "anna@example.org");
  EXPECT_THAT(state.accounts[0].ids,
              ElementsAre(ImportedId{"uid-1", at(1795267717)}, ImportedId{"uid-2", at(1795267718)},
                          ImportedId{"old-form", std::nullopt}));
}

TEST(ThunderbirdPopstate, LeavesOutWhatHasOnlyAHead) {
  const auto state = read_thunderbird_popstate("*host anna\nb large 5\nf wanted 5\nk whole 5\n");
  EXPECT_THAT(ids_of(state.accounts[0]), ElementsAre("whole"));
  EXPECT_THAT(told(state.problems), ElementsAre(HasSubstr("0 of 2 messages only the head")));
}

TEST(ThunderbirdPopstate, SaysWhatCannotBeRead) {
  const auto state = read_thunderbird_popstate("k early 1\n*\n*host\nk still 1\n*host anna\nz uid 1\nkk uid\nk\n");
  EXPECT_THAT(state.problems.list(), SizeIs(7));
  EXPECT_THAT(state.accounts[0].ids, IsEmpty());
}

TEST(StateImport, BoundsItsProblems) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "nonsense\n";
  const auto state = read_fetchmail_ids(text);
  EXPECT_THAT(state.problems.list(), SizeIs(limits::import_problems_max));
  EXPECT_EQ(state.problems.count(), 5000u);
}

TEST(StateImport, TakesAnyOctets) {
  std::mt19937_64 random(7);
  const std::string alphabet = "k*d @\n\r\0 1a#-\x80"s;
  for (int run = 0; run < 3000; ++run) {
    std::string text;
    const std::size_t length = random() % 80;
    for (std::size_t i = 0; i < length; ++i) text.push_back(alphabet[random() % alphabet.size()]);
    for (const auto& state : {read_fetchmail_ids(text), read_getmail_oldmail(text, text), read_mpop_uidls(text),
                              read_thunderbird_popstate(text)}) {
      for (const ImportedAccount& account : state.accounts) {
        for (const ImportedId& id : account.ids) ASSERT_FALSE(id.unique_id.empty());
      }
    }
  }
}

TEST(StateImport, PutsMessagesIntoALedgerAsFetched) {
  MemoryLedger ledger;
  const auto changes = imported_changes({"host", "anna", std::nullopt, {{"a", at(5)}, {"b", std::nullopt}}}, at(9));
  ASSERT_FALSE(ledger.apply(changes).has_error());
  const auto a = *ledger.find("a");
  EXPECT_EQ(a->standing, Standing::imported);
  EXPECT_EQ(a->delivered, at(5));
  EXPECT_EQ(a->octets, std::nullopt);
  EXPECT_EQ((*ledger.find("b"))->delivered, at(9));
  EXPECT_EQ(ledger.apply(changes).error(), Error::conflict);
}

}  // namespace
}  // namespace fermo::fetch
