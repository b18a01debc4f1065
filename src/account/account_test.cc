#include "account/account.h"

#include <gtest/gtest.h>

#include <string>

#include "base/limits.h"

namespace fermo::account {
namespace {

TEST(CanonicalName, AsciiLettersBecomeLowerCaseAndNothingElseChanges) {
  EXPECT_EQ(canonical_name("Alice.O'Hara+x@Example.ORG"), "alice.o'hara+x@example.org");
  EXPECT_EQ(canonical_name("J\xC3\x9CRG"), "j\xC3\x9Crg");  // only ASCII: the same on every machine
}

TEST(CanonicalName, IsItsOwnCanonicalForm) {
  const auto once = canonical_name("MiXeD@Example.COM");
  ASSERT_TRUE(once);
  EXPECT_EQ(canonical_name(*once), once);
}

TEST(CanonicalName, WhatWouldBreakALineOfThePasswordFileIsRefused) {
  EXPECT_FALSE(canonical_name(""));
  EXPECT_FALSE(canonical_name("#alice"));
  EXPECT_FALSE(canonical_name("alice:x"));
  EXPECT_TRUE(canonical_name("alice#work"));
}

TEST(CanonicalName, EveryControlCharacterAndTheSpaceAreRefusedAnywhere) {
  for (int octet = 0; octet <= 0x20; ++octet) {
    const char c = static_cast<char>(octet);
    EXPECT_FALSE(canonical_name(std::string("al") + c + "ice")) << octet;
    EXPECT_FALSE(canonical_name(c + std::string("alice"))) << octet;
    EXPECT_FALSE(canonical_name(std::string("alice") + c)) << octet;
  }
  EXPECT_FALSE(canonical_name("alice\x7F"));
  EXPECT_FALSE(canonical_name("alice\xC2\x9Bm"));  // U+009B, the one-character form of ESC [
  EXPECT_TRUE(canonical_name("alice\xC2\xA9"));
}

TEST(CanonicalName, OctetsThatAreNotUtf8AreRefused) {
  EXPECT_FALSE(canonical_name("alice\xFF"));
  EXPECT_FALSE(canonical_name("\xC0\xAE\xC0\xAE/root"));
  EXPECT_FALSE(canonical_name("alice\xC3"));
}

TEST(CanonicalName, TheLengthLimitIsExact) {
  EXPECT_TRUE(canonical_name(std::string(limits::drop_id_octets_max, 'a')));
  EXPECT_FALSE(canonical_name(std::string(limits::drop_id_octets_max + 1, 'a')));
}

TEST(AccountNamed, EveryCanonicalNameNamesAMaildrop) {
  for (const auto* name : {"alice", "bob@example.org", "j\xC3\xBCrg", "a/../b"}) {
    const auto account = account_named(canonical_name(name).value());
    ASSERT_TRUE(account) << name;
    EXPECT_EQ(account->name, name);
    EXPECT_EQ(account->drop.text(), name);
  }
}

}  // namespace
}  // namespace fermo::account
