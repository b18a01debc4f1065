#include "auth/password_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "auth/error.h"
#include "base/failure.h"
#include "base/limits.h"

namespace fermo::auth {
namespace {

constexpr Parameters cheap{.memory_kib = 8, .passes = 1, .lanes = 1};

bool fits(std::string_view password, const std::string& stored) {
  const auto match = verify_password(Secret(password), stored);
  EXPECT_TRUE(match.has_value()) << stored << ": " << match.error().message();
  return match.has_value() && *match == PasswordMatch::right;
}

/// Of "correct horse", made by other programs: openssl passwd, and libxcrypt through Python.
const std::vector<std::string> known_crypt_hashes{
    "$1$saltsalt$NuzA7WTAelpl95xgBGWN60",
    "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    "$5$saltsaltsalt$7axwV9kT3PvvGXgJl1FcfUCHLdLFhWk/dIFhzsbucLB",
    "$6$saltsaltsalt$Cy2drr8kDRji6smvDcT28wkqtq0R0VzVL5CkrjPQCITc5d/31j94knt9rGTcVSyjLXfjsiIsBh5ee8qR/3QDx1",
    "$6$rounds=1000$saltsalt$4GMtaIz3E1AdDi2SmCokEW0ehi.HdxNDcL3fGE1XXuzvo6kbx7UOloZKONqEk5H3JrQA4NOfU8BmqFPrpGqwA1",
    "$7$8/..../....saltsalt$b33WPWdo3l40NEUjQKjCy6ivBr.BLGhQJyoNVq8p2LD",
    "$y$j75$AAt9R641xPvCI9nXw1HHW/$1xJQi5cgbSSZZss.ckMGRPQsL9CGXxzfL.FHvmXGg57",
    "$gy$j75$AAt9R641xPvCI9nXw1HHW/$AIgz6Zpk.9tHGrXsRq5CUwDjB9sGBzGWIrMkI3WOA25",
};

TEST(PasswordHash, NewHashesAreArgon2idWithTheParametersAskedFor) {
  const auto stored = hash_password(Secret("correct horse"), {.memory_kib = 64, .passes = 3, .lanes = 2});
  ASSERT_TRUE(stored.has_value());
  EXPECT_TRUE(stored->starts_with("{ARGON2ID}$argon2id$v=19$m=64,t=3,p=2$")) << *stored;
  EXPECT_TRUE(fits("correct horse", *stored));
  EXPECT_FALSE(fits("correct horse ", *stored));
  EXPECT_FALSE(fits("Correct horse", *stored));
}

TEST(PasswordHash, TheDefaultIsTheOneThatOwaspNames) {
  const auto stored = hash_password(Secret("x"));
  ASSERT_TRUE(stored.has_value());
  EXPECT_TRUE(stored->starts_with("{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$")) << *stored;
  EXPECT_TRUE(fits("x", *stored));
}

TEST(PasswordHash, TheSaltIsNewEachTime) {
  EXPECT_NE(hash_password(Secret("same"), cheap).value(), hash_password(Secret("same"), cheap).value());
}

TEST(PasswordHash, ANewHashHasNothingThatWouldEndItsFieldOrLine) {
  for (int i = 0; i < 50; ++i) {
    const auto stored = hash_password(Secret("correct horse"), cheap).value();
    EXPECT_EQ(stored.find_first_of(std::string_view(":\r\n\t \0", 6)), std::string::npos) << stored;
  }
}

// From the tests of the reference implementation (P-H-C/phc-winner-argon2).
TEST(PasswordHash, HashesOfTheReferenceImplementationVerify) {
  EXPECT_TRUE(fits("password",
                   "{ARGON2ID}$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"));
  EXPECT_TRUE(
      fits("password", "{ARGON2}$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"));
  EXPECT_TRUE(fits("password", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8"));
  EXPECT_TRUE(
      fits("password", "{ARGON2I}$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY"));
  EXPECT_FALSE(fits("Password", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8"));
}

TEST(PasswordHash, EveryMethodOfCryptVerifiesWithTheSchemeAndWithout) {
  for (const auto& hash : known_crypt_hashes) {
    EXPECT_EQ(hash_problem(hash), std::nullopt) << hash;
    EXPECT_TRUE(fits("correct horse", hash)) << hash;
    EXPECT_FALSE(fits("correct horsf", hash)) << hash;
    EXPECT_TRUE(fits("correct horse", "{CRYPT}" + hash)) << hash;
  }
}

TEST(PasswordHash, TheNamesThatDovecotUsesAreKnownInAnyCase) {
  EXPECT_TRUE(fits("correct horse", "{MD5-CRYPT}" + known_crypt_hashes[0]));
  EXPECT_TRUE(fits("correct horse", "{blf-crypt}" + known_crypt_hashes[1]));
  EXPECT_TRUE(fits("correct horse", "{SHA256-CRYPT}" + known_crypt_hashes[3]));
  EXPECT_TRUE(fits("correct horse", "{Sha512-Crypt}" + known_crypt_hashes[4]));
  EXPECT_EQ(hash_problem("{SHA512-CRYPT}" + known_crypt_hashes[3]), "is not a hash of its scheme {SHA512-CRYPT}");
}

TEST(PasswordHash, WhatCannotBeVerifiedIsAPermanentErrorAndNotAMatch) {
  for (const std::string& stored :
       std::vector<std::string>{"",
                                "{",
                                "{}",
                                "{PLAIN}secret",
                                "{CLEARTEXT}secret",
                                "{SSHA}abcd",
                                "{SCRAM-SHA-256}4096,a,b,c",
                                "secret",
                                "{PLAIN",
                                "{CRYPT}secret",
                                "abhfCpXqd4GrI",
                                "{CRYPT}abhfCpXqd4GrI",
                                "$3$$cfc43211ba8dc470832267827cac1407",
                                "$apr1$saltsalt$EGVZDNN6gOqijy.tv9axG/",
                                "$2x$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
                                "$9$salt$hash",
                                "{ARGON2ID}"
                                "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
                                "{CRYPT}$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR",
                                "$2b$",
                                "$2b$4$x",
                                "$y$",
                                "$7$8/"}) {
    EXPECT_NE(hash_problem(stored), std::nullopt) << stored;
    const auto match = verify_password(Secret("secret"), stored);
    ASSERT_FALSE(match.has_value()) << stored;
    EXPECT_EQ(match.error(), Error::unusable_hash) << stored;
    EXPECT_TRUE(match.error() == Failure::permanent) << stored;
  }
}

TEST(PasswordHash, ALockedUserHasNoPasswordAndNoProblem) {
  for (const auto& stored : {"!" + known_crypt_hashes[3], std::string("*"), std::string("!")}) {
    EXPECT_EQ(hash_problem(stored), std::nullopt);
    EXPECT_FALSE(fits("correct horse", stored));
    EXPECT_FALSE(fits("!", stored));
  }
}

TEST(PasswordHash, ParametersThatWouldHoldACoreOrTheMemoryAreRefusedUnhashed) {
  const std::string tail = "$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
  for (const std::string& stored :
       {"$argon2id$v=19$m=1048577,t=1,p=1" + tail, "$argon2id$v=19$m=4294967295,t=1,p=1" + tail,
        "$argon2id$v=19$m=1048576,t=5,p=1" + tail, "$argon2id$v=19$m=256,t=4294967295,p=1" + tail,
        "$argon2id$v=19$m=1024,t=1,p=65" + tail, "$argon2id$v=19$m=99999999999,t=1,p=1" + tail,
        std::string("$5$rounds=999999999$salt$7axwV9kT3PvvGXgJl1FcfUCHLdLFhWk/dIFhzsbucLB"),
        std::string("$6$rounds=5000001$salt$x"), std::string("$6$rounds=99999999999999999999$salt$x"),
        std::string("$2b$16$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"),
        std::string("$2b$31$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"),
        std::string("$7$zzzzzzzzzzzsaltsalt$b33WPWdo3l40NEUjQKjCy6ivBr.BLGhQJyoNVq8p2LD"),
        std::string("$7$J6..../....saltsalt$b33WPWdo3l40NEUjQKjCy6ivBr.BLGhQJyoNVq8p2LD"),
        std::string("$y$jHT$AAt9R641xPvCI9nXw1HHW/$1xJQi5cgbSSZZss.ckMGRPQsL9CGXxzfL.FHvmXGg57"),
        std::string("$y$jzzzz$AAt9R641xPvCI9nXw1HHW/$1xJQi5cgbSSZZss.ckMGRPQsL9CGXxzfL.FHvmXGg57")}) {
    EXPECT_NE(hash_problem(stored), std::nullopt) << stored;
    const auto match = verify_password(Secret("secret"), stored);
    ASSERT_FALSE(match.has_value()) << stored;
    EXPECT_EQ(match.error(), Error::unusable_hash) << stored;
  }
}

TEST(PasswordHash, TheMostThatIsAllowedIsAllowed) {
  const std::string tail = "$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
  EXPECT_EQ(hash_problem("$argon2id$v=19$m=1048576,t=4,p=4" + tail), std::nullopt);
  EXPECT_EQ(hash_problem("$2b$15$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"), std::nullopt);
  EXPECT_EQ(hash_problem("$y$jFT$AAt9R641xPvCI9nXw1HHW/$1xJQi5cgbSSZZss.ckMGRPQsL9CGXxzfL.FHvmXGg57"), std::nullopt);
  EXPECT_EQ(hash_problem("$6$rounds=5000000$salt$x"), std::nullopt);
}

TEST(PasswordHash, NewHashesMayNotCostMoreThanTheLimitsEither) {
  EXPECT_EQ(hash_password(Secret("x"), {.memory_kib = 2'000'000'000, .passes = 1, .lanes = 1}).error(),
            Error::unusable_hash);
  EXPECT_EQ(hash_password(Secret("x"), {.memory_kib = 8, .passes = 0, .lanes = 1}).error(), Error::unusable_hash);
}

TEST(PasswordHash, PasswordsThatCannotBeSentOrWouldBeCutAreRefused) {
  for (const auto& password : {std::string(), std::string("a\0b", 3), std::string("a\r"), std::string("a\nb"),
                               std::string(limits::password_octets_max + 1, 'x')}) {
    EXPECT_FALSE(is_acceptable_password(Secret(password)));
    EXPECT_EQ(hash_password(Secret(password), cheap).error(), Error::invalid_password);
    EXPECT_FALSE(fits(password, known_crypt_hashes[3]));
  }
  const std::string longest(limits::password_octets_max, 'x');
  EXPECT_TRUE(fits(longest, hash_password(Secret(longest), cheap).value()));
  EXPECT_TRUE(fits("a\tb c\xFF:", hash_password(Secret("a\tb c\xFF:"), cheap).value()));
}

// crypt(3) stops at a NUL: "correct horse\0anything" must not be "correct horse".
TEST(PasswordHash, WhatFollowsANulCounts) {
  EXPECT_FALSE(fits(std::string_view("correct horse\0x", 15), known_crypt_hashes[4]));
  EXPECT_FALSE(fits(std::string_view("correct horse\0", 14), known_crypt_hashes[0]));
}

TEST(PasswordHash, EveryDamageToAHashIsNoticed) {
  const std::string sound = hash_password(Secret("correct horse"), cheap).value();
  for (std::size_t length = 0; length < sound.size(); ++length) {
    const auto match = verify_password(Secret("correct horse"), sound.substr(0, length));
    EXPECT_FALSE(match.has_value() && *match == PasswordMatch::right) << length;
  }
  for (const char* more : {"A", "AAAA", "$", " ", "\r", "="}) {
    const auto match = verify_password(Secret("correct horse"), sound + more);
    EXPECT_FALSE(match.has_value() && *match == PasswordMatch::right) << more;
  }
}

// "5" and "4" differ in bits that stand for nothing: two texts would be one hash.
TEST(PasswordHash, BitsLeftOverInBase64AreDamage) {
  const std::string text = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/";
  EXPECT_EQ(hash_problem(text + "4"), std::nullopt);
  EXPECT_NE(hash_problem(text + "5"), std::nullopt);
}

TEST(PasswordHash, APasswordThatCryptCannotTakeIsWrongAndNotAnError) {
  for (const auto& hash : known_crypt_hashes) {
    EXPECT_FALSE(fits(std::string(511, 'x'), hash));
    EXPECT_FALSE(fits(std::string(512, 'x'), hash));
    EXPECT_FALSE(fits(std::string(limits::password_octets_max, 'x'), hash));
  }
}

TEST(PasswordHash, RandomTextIsNeverAMatchAndNeverEndsTheProcess) {
  std::mt19937_64 random(20240501);
  constexpr std::string_view alphabet = "{}$argon2id,v=19mtp.:/j9T5yb67 ARGON\xFF\n";
  const std::vector<std::string> starts{"",          "{CRYPT}$6$", "$1$",   "{ARGON2ID}$argon2id$v=19$m=8,t=1,p=1$",
                                        "$argon2i$", "$5$rounds=", "$2b$0", "$y$j75$",
                                        "$7$6"};
  for (int i = 0; i < 3000; ++i) {
    std::string stored = starts[random() % starts.size()];
    for (std::size_t n = random() % 40; n > 0; --n) stored += alphabet[random() % alphabet.size()];
    // Those with a rounds= or memory of a valid size would only cost time here.
    if (stored.find("rounds=") != std::string::npos || hash_problem(stored)) {
      EXPECT_FALSE(hash_problem(stored) && verify_password(Secret("x"), stored).has_value()) << stored;
      continue;
    }
    const auto match = verify_password(Secret("x"), stored);
    EXPECT_FALSE(match.has_value() && *match == PasswordMatch::right) << stored;
  }
}

}  // namespace
}  // namespace fermo::auth
