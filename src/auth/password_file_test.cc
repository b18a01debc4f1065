#include "auth/password_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "auth/error.h"
#include "auth/password_hash.h"
#include "auth/test_folder.h"
#include "base/failure.h"
#include "base/limits.h"

namespace fermo::auth {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string hash_a =
    "{ARGON2ID}$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
const std::string hash_b = "{SHA256-CRYPT}$5$saltsaltsalt$7axwV9kT3PvvGXgJl1FcfUCHLdLFhWk/dIFhzsbucLB";

std::vector<std::string> names_in(const PasswordTable& table) {
  std::vector<std::string> names;
  for (const auto& entry : table.entries()) names.emplace_back(entry.name);
  return names;
}

std::vector<std::uint32_t> problem_lines(const PasswordTable& table) {
  std::vector<std::uint32_t> lines;
  for (const auto& problem : table.problems()) lines.push_back(problem.line);
  return lines;
}

std::string hash_of(PasswordFile& file, std::string_view name) {
  const auto table = file.load();
  EXPECT_TRUE(table.has_value()) << table.error().message();
  const auto* entry = (*table)->find(name);
  return entry == nullptr ? "no such user" : std::string(entry->hash);
}

// --- PasswordTable ---------------------------------------------------------------------------------------------------

TEST(PasswordTable, ReadsNamesHashesAndLineNumbers) {
  const PasswordTable table(
      "# users\n\nalice:" + hash_a + "\nBob@Example.ORG:" + hash_b + ":1000:1000::/home/bob::x=y\n", 1);
  EXPECT_EQ(table.problems().size(), 0U);
  EXPECT_EQ(names_in(table), (std::vector<std::string>{"alice", "bob@example.org"}));
  ASSERT_NE(table.find("alice"), nullptr);
  EXPECT_EQ(table.find("alice")->hash, hash_a);
  EXPECT_EQ(table.find("alice")->line, 3U);
  ASSERT_NE(table.find("bob@example.org"), nullptr);
  EXPECT_EQ(table.find("bob@example.org")->hash, hash_b);
  EXPECT_EQ(table.find("bob@example.org")->line, 4U);
  EXPECT_EQ(table.find("bob"), nullptr);
  EXPECT_EQ(table.find(""), nullptr);
}

TEST(PasswordTable, CrlfAByteOrderMarkAndAMissingLastLineEndAreNoTrouble) {
  const PasswordTable table(
      "\xEF\xBB\xBF"
      "alice:" +
          hash_a + "\r\n# c\r\n\r\nbob:" + hash_b + ":x\r\ncarol:" + hash_a,
      1);
  EXPECT_EQ(table.problems().size(), 0U);
  EXPECT_EQ(names_in(table), (std::vector<std::string>{"alice", "bob", "carol"}));
  EXPECT_EQ(table.find("alice")->hash, hash_a);
  EXPECT_EQ(table.find("bob")->hash, hash_b);
}

TEST(PasswordTable, AWrongLineIsReportedAndCostsOnlyItself) {
  const PasswordTable table("alice:" + hash_a + "\nno separator\na b:" + hash_a + "\n:" + hash_a + "\n\xFF:" + hash_a +
                                std::string("\nnu\0l:x", 7) + "\nbob:" + hash_b + "\n",
                            1);
  EXPECT_EQ(problem_lines(table), (std::vector<std::uint32_t>{2, 3, 4, 5, 6}));
  EXPECT_EQ(names_in(table), (std::vector<std::string>{"alice", "bob"}));
}

// Mail must not bounce because a hash cannot be read.
TEST(PasswordTable, AUserWhoseHashCannotBeUsedIsReportedAndStaysAUser) {
  const PasswordTable table("alice:{NOPE}x\nbob:\ncarol:!" + hash_a + "\ndave:{CRYPT}$6$a\tb\nerin:!\x1B\n", 1);
  EXPECT_EQ(problem_lines(table), (std::vector<std::uint32_t>{1, 2, 4, 5}));
  EXPECT_THAT(table.problems()[0].message,
              HasSubstr("user alice: the password hash has a scheme that is not supported"));
  EXPECT_EQ(names_in(table), (std::vector<std::string>{"alice", "bob", "carol", "dave", "erin"}));
}

TEST(PasswordTable, OfTwoLinesWithOneNameTheFirstCountsAndTheOtherIsReported) {
  const PasswordTable table("Alice:" + hash_a + "\nbob:" + hash_b + "\nalice:" + hash_b + "\nALICE:" + hash_b + "\n",
                            1);
  EXPECT_EQ(problem_lines(table), (std::vector<std::uint32_t>{3, 4}));
  EXPECT_THAT(table.problems()[0].message, HasSubstr("line 1"));
  EXPECT_EQ(names_in(table), (std::vector<std::string>{"alice", "bob"}));
  EXPECT_EQ(table.find("alice")->hash, hash_a);
  EXPECT_EQ(table.find("bob")->hash, hash_b);
}

TEST(PasswordTable, NoMessageHoldsAPasswordHashOrAControlCharacter) {
  const PasswordTable table("alice:{PLAIN}sesame\nsesame\nb\x1B[31m:sesame\ncarol:sesame\x1B\n", 1);
  EXPECT_EQ(table.problems().size(), 4U);
  for (const auto& problem : table.problems()) {
    EXPECT_THAT(problem.message, testing::Not(HasSubstr("sesame")));
    EXPECT_EQ(problem.message.find('\x1B'), std::string::npos);
  }
}

TEST(PasswordTable, AnyOctetsWillDo) {
  std::mt19937_64 random(99);
  constexpr std::string_view alphabet = "ab:\n\r#{}$!* \t\xFF\xC3\xBC@+";
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (std::size_t n = random() % 300; n > 0; --n) {
      text += random() % 8 == 0 ? static_cast<char>(random() % 256) : alphabet[random() % alphabet.size()];
    }
    const PasswordTable table(text, 1);
    for (const auto& entry : table.entries()) EXPECT_EQ(table.find(entry.name), &entry);
  }
}

TEST(PasswordTable, TenThousandUsersAreAllFound) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "user" + std::to_string(i * 7919 % 10'000) + "@example.org:" + hash_b + "\n";
  const PasswordTable table(text, 1);
  EXPECT_EQ(table.entries().size(), 10'000U);
  EXPECT_EQ(table.problems().size(), 0U);
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "user" + std::to_string(i) + "@example.org";
    ASSERT_NE(table.find(name), nullptr) << name;
    EXPECT_EQ(table.find(name)->name, name);
  }
  EXPECT_EQ(table.find("user10000@example.org"), nullptr);
}

// --- PasswordFile: reading -------------------------------------------------------------------------------------------

TEST(PasswordFile, AMissingFileIsATemporaryFailureAndNotAnEmptyOne) {
  const TestFolder folder;
  PasswordFile file(folder / "users");
  EXPECT_EQ(file.load().error(), Error::missing);
  EXPECT_TRUE(file.load().error() == Failure::temporary);
  write_in_place(folder / "users", "");
  ASSERT_TRUE(file.load().has_value());
  EXPECT_EQ((*file.load())->entries().size(), 0U);
}

TEST(PasswordFile, AFolderOrAPipeIsAnErrorAndBlocksNobody) {
  const TestFolder folder;
  fs::create_directory(folder / "users");
  EXPECT_EQ(PasswordFile(folder / "users").load().error(), Error::not_a_file);
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(PasswordFile(folder / "pipe").load().error(), Error::not_a_file);
}

TEST(PasswordFile, AnUnchangedFileIsNotReadAgain) {
  const TestFolder folder;
  write_in_place(folder / "users", "alice:" + hash_a + "\n");
  PasswordFile file(folder / "users");
  const auto first = file.load().value();
  // Until the last change is further back than the file system's clock can tell apart.
  std::uint64_t readings = 0;
  do {
    readings = file.readings();
    ASSERT_TRUE(file.load().has_value());
  } while (file.readings() != readings);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(file.load().value(), first);
  EXPECT_EQ(file.readings(), readings);
}

TEST(PasswordFile, AChangeInPlaceIsSeenAtTheNextLookupEvenWithTheSameSizeAndWithinOneTick) {
  const TestFolder folder;
  PasswordFile file(folder / "users");
  for (int i = 0; i < 300; ++i) {
    const std::string hash = "!" + std::to_string(100 + i);  // always the same number of octets
    write_in_place(folder / "users", "alice:" + hash + "\n");
    ASSERT_EQ(hash_of(file, "alice"), hash);
  }
}

// Where the file system's clock ticks every few milliseconds, only this makes the test above hold.
TEST(PasswordFile, AFileThatChangedJustNowIsReadOnceMore) {
  const TestFolder folder;
  PasswordFile file(folder / "users");
  bool read_twice = false;
  // A machine under load may take longer than a tick for one turn.
  for (int turn = 0; turn < 1000 && !read_twice; ++turn) {
    write_in_place(folder / "users", "alice:" + hash_a + "\n");
    const std::uint64_t before = file.readings();
    ASSERT_TRUE(file.load().has_value());
    ASSERT_TRUE(file.load().has_value());
    read_twice = file.readings() == before + 2;
  }
  EXPECT_TRUE(read_twice);
}

TEST(PasswordFile, AFileMovedIntoPlaceIsSeenAtTheNextLookup) {
  const TestFolder folder;
  write_in_place(folder / "users", "alice:" + hash_a + "\n");
  PasswordFile file(folder / "users");
  const auto before = file.load().value();
  write_in_place(folder / "other", "alice:" + hash_b + "\n");
  fs::rename(folder / "other", folder / "users");
  EXPECT_EQ(hash_of(file, "alice"), hash_b);
  EXPECT_GT(file.load().value()->generation(), before->generation());
  EXPECT_EQ(before->find("alice")->hash, hash_a) << "a table that is in use stays as it is";
}

TEST(PasswordFile, TheSameTextAgainIsNoNewGeneration) {
  const TestFolder folder;
  write_in_place(folder / "users", "alice:" + hash_a + "\n");
  PasswordFile file(folder / "users");
  const auto first = file.load().value();
  write_in_place(folder / "users", "alice:" + hash_a + "\n");
  EXPECT_EQ(file.load().value(), first);
}

TEST(PasswordFile, WhatIsWrongIsReportedOncePerChange) {
  const TestFolder folder;
  write_in_place(folder / "users", "alice:" + hash_a + "\nwrong\n");
  std::vector<std::uint32_t> reported;
  PasswordFile file(folder / "users", [&](const LineProblem& problem) { reported.push_back(problem.line); });
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(file.load().has_value());
  EXPECT_EQ(reported, (std::vector<std::uint32_t>{2}));
  write_in_place(folder / "users", "wrong\nalice:" + hash_a + "\nwrong too\n");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(file.load().has_value());
  EXPECT_EQ(reported, (std::vector<std::uint32_t>{2, 1, 3}));
}

TEST(PasswordFile, AFileOfAnotherFormatDoesNotFillTheLog) {
  const TestFolder folder;
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "this is no password file\n";
  write_in_place(folder / "users", text);
  std::vector<std::string> reported;
  PasswordFile file(folder / "users", [&](const LineProblem& problem) { reported.push_back(problem.message); });
  ASSERT_TRUE(file.load().has_value());
  ASSERT_EQ(reported.size(), 21U);
  EXPECT_THAT(reported.back(), HasSubstr("4980 more"));
}

TEST(PasswordFile, AFileThatEverybodyMayReadIsReported) {
  const TestFolder folder;
  write_in_place(folder / "users", "alice:" + hash_a + "\n");
  fs::permissions(folder / "users", fs::perms(0644));
  std::vector<std::string> reported;
  PasswordFile file(folder / "users", [&](const LineProblem& problem) { reported.push_back(problem.message); });
  ASSERT_TRUE(file.load().has_value());
  ASSERT_EQ(reported.size(), 1U);
  EXPECT_THAT(reported.front(), HasSubstr("chmod"));
}

// --- PasswordFile: changing ------------------------------------------------------------------------------------------

TEST(PasswordFile, AddMakesTheFileAndTheUserIsThere) {
  const TestFolder folder;
  PasswordFile file(folder / "users");
  ASSERT_TRUE(file.add("Alice@Example.org", hash_a).has_value());
  ASSERT_TRUE(file.add("bob", hash_b).has_value());
  EXPECT_EQ(contents_of(folder / "users"), "alice@example.org:" + hash_a + "\nbob:" + hash_b + "\n");
  EXPECT_EQ(hash_of(file, "alice@example.org"), hash_a);
}

TEST(PasswordFile, AddRefusesANameThatIsTakenInAnyCase) {
  const TestFolder folder;
  write_in_place(folder / "users", "ALICE:" + hash_a + "\n");
  PasswordFile file(folder / "users");
  EXPECT_EQ(file.add("alice", hash_b).error(), Error::user_exists);
  EXPECT_EQ(contents_of(folder / "users"), "ALICE:" + hash_a + "\n");
}

TEST(PasswordFile, NothingThatWouldMakeAnotherLineOrFieldGetsIn) {
  const TestFolder folder;
  const std::string before = "alice:" + hash_a + "\n";
  write_in_place(folder / "users", before);
  PasswordFile file(folder / "users");
  for (const std::string& name :
       {std::string("eve\nroot"), std::string("eve\r\nroot"), std::string("eve:x"), std::string("eve\troot"),
        std::string("e\0ve", 4), std::string("#eve"), std::string(), std::string("eve "), std::string("\xC0\x80")}) {
    EXPECT_EQ(file.add(name, hash_a).error(), Error::invalid_name) << name;
    EXPECT_EQ(file.set_password(name, hash_a).error(), Error::no_such_user) << name;
    EXPECT_EQ(file.remove(name).error(), Error::no_such_user) << name;
  }
  for (const std::string& hash :
       {hash_a + "\neve:" + hash_a, hash_a + ":x", hash_a + "\r", hash_a + " ", hash_a + "\t",
        hash_a + std::string("\0", 1), std::string("{PLAIN}x"), std::string(), "!\nroot:" + hash_a, "!:" + hash_a,
        std::string("! "), std::string("!\r"), std::string("*\0", 2), std::string("$6$salt\nroot:$6$salt$x")}) {
    EXPECT_EQ(file.add("eve", hash).error(), Error::unusable_hash) << hash;
    EXPECT_EQ(file.set_password("alice", hash).error(), Error::unusable_hash) << hash;
  }
  EXPECT_EQ(contents_of(folder / "users"), before);
}

TEST(PasswordFile, AChangeKeepsEveryOtherOctet) {
  const TestFolder folder;
  const std::string head = "\xEF\xBB\xBF# made by hand\r\n\r\n  \nwrong line\nbob:" + hash_b + ":1:2:x\r\n";
  const std::string tail = "#alice:old\nCarol:" + hash_a + "::\nlast:" + hash_a;
  write_in_place(folder / "users", head + "Alice:" + hash_a + ":5000:5000::/home/a::k=v\r\n" + tail);
  PasswordFile file(folder / "users");
  ASSERT_TRUE(file.set_password("alice", hash_b).has_value());
  EXPECT_EQ(contents_of(folder / "users"), head + "Alice:" + hash_b + ":5000:5000::/home/a::k=v\r\n" + tail);
  ASSERT_TRUE(file.remove("ALICE").has_value());
  EXPECT_EQ(contents_of(folder / "users"), head + tail);
  ASSERT_TRUE(file.remove("last").has_value());
  ASSERT_TRUE(file.add("new", hash_a).has_value());
  EXPECT_EQ(contents_of(folder / "users"), head + "#alice:old\nCarol:" + hash_a + "::\nnew:" + hash_a + "\n");
}

TEST(PasswordFile, AddEndsALastLineThatHadNoEnd) {
  const TestFolder folder;
  write_in_place(folder / "users", "alice:" + hash_a);
  ASSERT_TRUE(PasswordFile(folder / "users").add("bob", hash_b).has_value());
  EXPECT_EQ(contents_of(folder / "users"), "alice:" + hash_a + "\nbob:" + hash_b + "\n");
}

TEST(PasswordFile, RemoveTakesDuplicatesTooSoThatNoneBeginsToCount) {
  const TestFolder folder;
  write_in_place(folder / "users", "alice:" + hash_a + "\nbob:" + hash_b + "\nAlice:" + hash_b + "\n");
  PasswordFile file(folder / "users");
  ASSERT_TRUE(file.remove("alice").has_value());
  EXPECT_EQ(contents_of(folder / "users"), "bob:" + hash_b + "\n");
}

TEST(PasswordFile, WhoIsNotThereCannotBeRemovedOrGivenAPassword) {
  const TestFolder folder;
  PasswordFile file(folder / "users");
  EXPECT_EQ(file.remove("alice").error(), Error::no_such_user);
  EXPECT_EQ(file.set_password("alice", hash_a).error(), Error::no_such_user);
  EXPECT_TRUE(file.remove("alice").error() == Failure::no_such_thing);
  EXPECT_FALSE(fs::exists(folder / "users"));
}

TEST(PasswordFile, AUserCanBeLocked) {
  const TestFolder folder;
  write_in_place(folder / "users", "alice:" + hash_a + "\n");
  PasswordFile file(folder / "users");
  ASSERT_TRUE(file.set_password("alice", "!" + hash_a).has_value());
  EXPECT_EQ(hash_of(file, "alice"), "!" + hash_a);
}

TEST(PasswordFile, WritersInSeveralThreadsLoseNoChange) {
  const TestFolder folder;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < 4; ++writer) {
    threads.emplace_back([&folder, writer] {
      PasswordFile file(folder / "users");
      for (int i = 0; i < 15; ++i) {
        EXPECT_TRUE(file.add("user" + std::to_string(writer) + "." + std::to_string(i), hash_a).has_value());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  PasswordFile file(folder / "users");
  const auto table = file.load().value();
  EXPECT_EQ(table->entries().size(), 60U);
  EXPECT_EQ(table->problems().size(), 0U);
}

TEST(PasswordFile, ReadersAlwaysSeeAWholeFileWhileAWriterRewritesIt) {
  const TestFolder folder;
  std::string text;
  for (int i = 0; i < 500; ++i) text += "user" + std::to_string(i) + ":" + hash_b + "\n";
  write_in_place(folder / "users", text);
  PasswordFile shared(folder / "users");
  std::atomic<bool> writing{true};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&] {
      std::uint64_t last_generation = 0;
      do {
        const auto table = shared.load();
        ASSERT_TRUE(table.has_value()) << table.error().message();
        ASSERT_TRUE((*table)->entries().size() == 500 || (*table)->entries().size() == 501);
        ASSERT_EQ((*table)->problems().size(), 0U);
        ASSERT_NE((*table)->find("user499"), nullptr);
        ASSERT_GE((*table)->generation(), last_generation);
        last_generation = (*table)->generation();
      } while (writing);
    });
  }
  PasswordFile writer(folder / "users");
  for (int i = 0; i < 40; ++i) {
    EXPECT_TRUE(writer.add("extra", hash_a).has_value());
    EXPECT_TRUE(writer.set_password("extra", hash_b).has_value());
    EXPECT_TRUE(writer.remove("extra").has_value());
  }
  writing = false;
  for (auto& reader : readers) reader.join();
}

}  // namespace
}  // namespace fermo::auth
