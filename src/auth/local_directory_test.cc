#include "auth/local_directory.h"

#include <gtest/gtest.h>

#include <string>

#include "auth/error.h"
#include "auth/test_folder.h"
#include "base/failure.h"

namespace fermo::auth {
namespace {

class LocalDirectoryTest : public testing::Test {
 protected:
  void users(const std::string& text) { write_in_place(folder_ / "users", text); }

  std::string owner_of(const std::string& local_part, const std::string& domain) {
    const mail::Address recipient{local_part, domain};
    const auto found = directory_.find(recipient);
    EXPECT_TRUE(found.has_value());
    return *found ? (*found)->name : "nobody";
  }

  TestFolder folder_;
  PasswordFile file_{folder_ / "users"};
  LocalDirectory directory_{file_};
};

TEST_F(LocalDirectoryTest, TheMostPreciseNameWins) {
  users("a+x@d:!\na@d:!\na+x:!\na:!\n");
  EXPECT_EQ(owner_of("a+x", "d"), "a+x@d");
  users("a:!\na+x:!\na@d:!\n");
  EXPECT_EQ(owner_of("a+x", "d"), "a@d");
  users("a:!\na+x:!\n");
  EXPECT_EQ(owner_of("a+x", "d"), "a+x");
  users("a:!\n");
  EXPECT_EQ(owner_of("a+x", "d"), "a");
  users("b:!\n");
  EXPECT_EQ(owner_of("a+x", "d"), "nobody");
}

TEST_F(LocalDirectoryTest, CaseDoesNotMatter) {
  users("Alice@Example.ORG:!\n");
  EXPECT_EQ(owner_of("ALICE", "example.org"), "alice@example.org");
}

TEST_F(LocalDirectoryTest, AnotherDomainIsAnotherUserUnlessTheNameHasNone) {
  users("alice@one.example:!\nbob:!\n");
  EXPECT_EQ(owner_of("alice", "two.example"), "nobody");
  EXPECT_EQ(owner_of("alice", ""), "nobody");
  EXPECT_EQ(owner_of("bob", "two.example"), "bob");
  EXPECT_EQ(owner_of("bob", ""), "bob");
}

TEST_F(LocalDirectoryTest, OnlyTheFirstPlusBeginsTheExtension) {
  users("a:!\na+b:!\n+c:!\n");
  EXPECT_EQ(owner_of("a+b+c", "d"), "a");
  EXPECT_EQ(owner_of("+c", "d"), "+c");
  EXPECT_EQ(owner_of("+", "d"), "nobody");
}

TEST_F(LocalDirectoryTest, AQuotedAtSignReachesNobody) {
  users("alice@example.org:!\nalice@example.org@elsewhere:!\n");
  EXPECT_EQ(owner_of("alice@example.org", "elsewhere"), "nobody");
  EXPECT_EQ(owner_of("alice@example.org", ""), "nobody");
}

TEST_F(LocalDirectoryTest, WhatCannotBeANameReachesNobody) {
  users("alice:!\n");
  EXPECT_EQ(owner_of("alice:x", "d"), "nobody");
  EXPECT_EQ(owner_of("alice x", "d"), "nobody");
  EXPECT_EQ(owner_of("alice", "[IPv6:2001:db8::1]"), "alice");
}

TEST_F(LocalDirectoryTest, UsersWhoCannotLogInStillGetTheirMail) {
  users("locked:!\nnone:\nunknown:{NOPE}x\n");
  EXPECT_EQ(owner_of("locked", "d"), "locked");
  EXPECT_EQ(owner_of("none", "d"), "none");
  EXPECT_EQ(owner_of("unknown", "d"), "unknown");
}

TEST_F(LocalDirectoryTest, TheMaildropBearsTheCanonicalName) {
  users("Alice@Example.org:!\n");
  const mail::Address recipient{"alice+x", "example.ORG"};
  const auto found = directory_.find(recipient);
  ASSERT_TRUE(found.has_value() && *found);
  EXPECT_EQ((*found)->drop.text(), "alice@example.org");
}

TEST_F(LocalDirectoryTest, WithoutTheFileNobodyIsToldThatThereIsNoSuchUser) {
  const mail::Address recipient{"alice", "d"};
  EXPECT_EQ(directory_.find(recipient).error(), Error::missing);
  EXPECT_TRUE(directory_.find(recipient).error() == Failure::temporary);
}

}  // namespace
}  // namespace fermo::auth
