#include "auth/file_replacement.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <thread>

#include "auth/error.h"
#include "auth/test_folder.h"

namespace fermo::auth {
namespace {

namespace fs = std::filesystem;

/// Runs `work` in a process of its own, which ends itself with SIGKILL when it has come to the end of it.
void run_and_be_killed(const std::function<void()>& work) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    work();
    ::raise(SIGKILL);
    std::_Exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

mode_t mode_of(const fs::path& path) {
  struct ::stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

const std::string old_text(10'000, 'o');
const std::string new_text(20'000, 'n');

TEST(FileReplacement, KilledAtAnyStepTheFileIsTheOldOneOrTheNewOne) {
  using Step = std::function<Result<void>(FileReplacement&)>;
  const std::array<Step, 5> steps{
      [](FileReplacement& r) { return r.append(new_text.substr(0, 12'345)); },
      [](FileReplacement& r) { return r.append(new_text.substr(12'345)); },
      [](FileReplacement& r) { return r.sync(); },
      [](FileReplacement& r) { return r.rename(); },
      [](FileReplacement& r) { return r.sync_folder(); },
  };
  constexpr std::size_t rename_step = 3;
  for (std::size_t done = 0; done <= steps.size(); ++done) {
    const TestFolder folder;
    const auto path = folder / "users";
    write_in_place(path, old_text);
    run_and_be_killed([&] {
      auto replacement = FileReplacement::begin(path);
      for (std::size_t i = 0; i < done; ++i) {
        if (!steps[i](*replacement)) std::_Exit(2);
      }
    });
    EXPECT_EQ(contents_of(path), done > rename_step ? new_text : old_text) << done;

    // And the next writer is not in the way of what was left behind.
    auto next = FileReplacement::begin(path);
    ASSERT_TRUE(next.has_value()) << done;
    ASSERT_TRUE(next->commit("next").has_value()) << done;
    EXPECT_EQ(contents_of(path), "next") << done;
    EXPECT_FALSE(fs::exists(folder / ".users.new")) << done;
  }
}

TEST(FileReplacement, KilledAtRandomInstantsTheFileIsAlwaysWhole) {
  const TestFolder folder;
  const auto path = folder / "users";
  const std::string other_text(30'000, 'x');
  write_in_place(path, old_text);
  std::mt19937_64 random(4711);
  for (int cycle = 0; cycle < 30; ++cycle) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (bool flip = false;; flip = !flip) {
        auto replacement = FileReplacement::begin(path);
        if (!replacement || !replacement->commit(flip ? new_text : other_text)) std::_Exit(2);
      }
    }
    // The instant is drawn, not awaited: whatever it is, the assertion has to hold.
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "a writer failed";
    const std::string found = contents_of(path);
    ASSERT_TRUE(found == old_text || found == new_text || found == other_text) << cycle << ": " << found.size();
  }
}

TEST(FileReplacement, GivenUpItLeavesNothingBehind) {
  const TestFolder folder;
  write_in_place(folder / "users", "old");
  {
    auto replacement = FileReplacement::begin(folder / "users");
    ASSERT_TRUE(replacement->append("half").has_value());
    EXPECT_TRUE(fs::exists(folder / ".users.new"));
  }
  EXPECT_FALSE(fs::exists(folder / ".users.new"));
  EXPECT_EQ(contents_of(folder / "users"), "old");
}

TEST(FileReplacement, ANewFileIsPrivateAndAnOldOneKeepsItsMode) {
  const TestFolder folder;
  const mode_t umask_before = ::umask(0);
  ASSERT_TRUE(FileReplacement::begin(folder / "users")->commit("a").has_value());
  EXPECT_EQ(mode_of(folder / "users"), 0600U);
  EXPECT_EQ(mode_of(folder / "users.lock"), 0600U);
  fs::permissions(folder / "users", fs::perms(0640));
  ::umask(0777);
  ASSERT_TRUE(FileReplacement::begin(folder / "users")->commit("b").has_value());
  ::umask(umask_before);
  EXPECT_EQ(mode_of(folder / "users"), 0640U);
}

TEST(FileReplacement, ASymbolicLinkIsFollowedAndStays) {
  const TestFolder folder;
  fs::create_directory(folder / "real");
  write_in_place(folder / "real/users", "old");
  fs::create_symlink("real/users", folder / "second");
  fs::create_symlink(folder / "second", folder / "users");
  ASSERT_TRUE(FileReplacement::begin(folder / "users")->commit("new").has_value());
  EXPECT_TRUE(fs::is_symlink(folder / "users"));
  EXPECT_EQ(contents_of(folder / "real/users"), "new");
  EXPECT_FALSE(fs::is_symlink(folder / "real/users"));
}

TEST(FileReplacement, ALoopOfLinksIsAnError) {
  const TestFolder folder;
  fs::create_symlink("b", folder / "a");
  fs::create_symlink("a", folder / "b");
  EXPECT_EQ(FileReplacement::begin(folder / "a").error(), Error::not_a_file);
}

// Somebody who can plant links beside the file must not make us write, or chmod, what they point to.
TEST(FileReplacement, LinksInPlaceOfTheNewFileOrTheLockAreNotFollowed) {
  const TestFolder folder;
  write_in_place(folder / "victim", "untouched");
  fs::create_symlink("victim", folder / ".users.new");
  ASSERT_TRUE(FileReplacement::begin(folder / "users")->commit("new").has_value());
  EXPECT_EQ(contents_of(folder / "victim"), "untouched");
  EXPECT_EQ(contents_of(folder / "users"), "new");

  fs::create_symlink("victim", folder / "others.lock");
  EXPECT_EQ(FileReplacement::begin(folder / "others").error(), Error::not_a_file);
  EXPECT_EQ(contents_of(folder / "victim"), "untouched");
}

TEST(FileReplacement, WhatIsNoRegularFileIsAnError) {
  const TestFolder folder;
  fs::create_directory(folder / "users");
  EXPECT_EQ(FileReplacement::begin(folder / "users")->current().error(), Error::not_a_file);
  EXPECT_FALSE(FileReplacement::begin(folder / "users")->commit("x").has_value());
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(FileReplacement::begin(folder / "pipe")->current().error(), Error::not_a_file);
  EXPECT_EQ(FileReplacement::begin(folder / "nowhere/users").error(), Error::missing);
  EXPECT_EQ(FileReplacement::begin("/").error(), Error::not_a_file);
}

TEST(FileReplacement, TwoWritersTakeTurns) {
  const TestFolder folder;
  const auto path = folder / "users";
  constexpr int writers = 4;
  constexpr int changes = 25;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < writers; ++writer) {
    threads.emplace_back([&path] {
      for (int i = 0; i < changes; ++i) {
        auto replacement = FileReplacement::begin(path);
        const auto text = replacement->current().value().value_or("");
        EXPECT_TRUE(replacement->commit(text + "x").has_value());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(contents_of(path).size(), std::size_t{writers * changes});
}

}  // namespace
}  // namespace fermo::auth
