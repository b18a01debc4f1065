// The children run this very test program, in one of the tests that are disabled for everybody else.
#include "processes/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <mutex>

#include <gtest/gtest.h>

namespace fermo::processes {
namespace {

constexpr std::uint8_t echo = 1;
constexpr std::uint8_t write_to_it = 2;
constexpr std::uint8_t end = 3;

std::vector<std::string> child_test(const std::string& name) {
  return {"--gtest_also_run_disabled_tests", "--gtest_filter=DISABLED_ChildTest." + name};
}

TEST(DISABLED_ChildTest, ObeysNotes) {
  const NoteSocket notes{Descriptor(note_descriptor)};
  while (const auto note = notes.receive()) {
    if (note->kind == echo) notes.send(echo, note->payload, note->descriptors);
    if (note->kind == write_to_it && ::write(note->descriptors.at(0).get(), "from the child", 14) != 14) break;
    if (note->kind == end) ::_exit(7);
  }
  ::_exit(0);
}

/// Says what it has inherited: the descriptors above that of the notes, and the environment.
TEST(DISABLED_ChildTest, TellsWhatItHas) {
  const NoteSocket notes{Descriptor(note_descriptor)};
  std::string text;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    struct ::stat status{};
    if (fd > note_descriptor && ::fstat(fd, &status) == 0 && !S_ISDIR(status.st_mode)) text += "descriptor ";
  }
  if (::getenv("FERMO_TEST_SECRET") != nullptr) text += "environment";
  notes.send(echo, text);
  ::_exit(0);
}

/// Says who it is.
TEST(DISABLED_ChildTest, TellsWhoItIs) {
  const NoteSocket notes{Descriptor(note_descriptor)};
  notes.send(echo, std::to_string(::getuid()) + " " + std::to_string(::getegid()) + " " +
                       std::to_string(::getgroups(0, nullptr)));
  while (notes.receive()) {
  }
  ::_exit(0);
}

/// Counts what a supervisor tells.
class Told {
 public:
  void note(const std::string& how) {
    const std::lock_guard lock(mutex_);
    all_.push_back(how);
    changed_.notify_all();
  }
  std::vector<std::string> await(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return all_.size() >= count; });
    return all_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> all_;
};

class SupervisorTest : public testing::Test {
 protected:
  Supervisor::Role role(const std::string& test) {
    return {"test", child_test(test),
            [this](Supervisor&) {
              equipped_.note("equipped");
              return true;
            },
            [this](const std::string& how) { reported_.note(how); }};
  }

  Told equipped_;
  Told reported_;
};

TEST_F(SupervisorTest, AChildGetsNotesWithDescriptorsAndAnswers) {
  Supervisor supervisor(role("ObeysNotes"));
  ASSERT_TRUE(supervisor.start());
  auto pair = make_pair(true);
  ASSERT_TRUE(supervisor.send(echo, "text"));
  EXPECT_EQ(supervisor.receive()->payload, "text");
  std::vector<Descriptor> descriptors;
  descriptors.push_back(std::move(pair->second));
  ASSERT_TRUE(supervisor.send(write_to_it, {}, descriptors));
  descriptors.clear();
  std::array<char, 32> octets{};
  ASSERT_EQ(::read(pair->first.get(), octets.data(), octets.size()), 14);
  EXPECT_STREQ(octets.data(), "from the child");
  EXPECT_EQ(supervisor.send(echo, std::string(limits::note_octets_max, 'x')), true);
  EXPECT_EQ(supervisor.receive()->payload.size(), limits::note_octets_max);
}

TEST_F(SupervisorTest, AChildInheritsNothing) {
  ::setenv("FERMO_TEST_SECRET", "1", 1);
  const Descriptor open_here(::open("/dev/null", O_RDONLY));  // not close-on-exec
  std::optional<Note> told;
  auto telling = role("TellsWhatItHas");
  telling.equip = [&told](Supervisor& supervisor) {
    if (!told) told = supervisor.receive();
    return told.has_value();
  };
  Supervisor supervisor(std::move(telling));
  const bool started = supervisor.start();
  supervisor.stop();
  ::unsetenv("FERMO_TEST_SECRET");
  ASSERT_TRUE(started);
  EXPECT_EQ(told->payload, "");
}

TEST_F(SupervisorTest, AChildKeepsWhatItIsGivenToKeepUntilItEnds) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const Descriptor reader(pipe[0]);
  auto keeping = role("ObeysNotes");
  keeping.kept = pipe[1];
  Supervisor supervisor(std::move(keeping));
  ASSERT_TRUE(supervisor.start());
  ::close(pipe[1]);
  pollfd ended{reader.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&ended, 1, 0), 0);
  supervisor.stop();
  EXPECT_EQ(::poll(&ended, 1, 0), 1);
  EXPECT_EQ(ended.revents & POLLHUP, POLLHUP);
}

TEST_F(SupervisorTest, AChildOfRootIsWhoItIsToBe) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  constexpr Identity nobody{65534, 65534};
  std::optional<Note> told;
  auto telling = role("TellsWhoItIs");
  telling.identity = nobody;
  telling.equip = [&told](Supervisor& supervisor) {
    told = supervisor.receive();
    return told.has_value();
  };
  Supervisor supervisor(std::move(telling));
  ASSERT_TRUE(supervisor.start());
  EXPECT_EQ(told->payload, "65534 65534 0");
}

TEST_F(SupervisorTest, AChildThatEndedIsStartedAgain) {
  Supervisor supervisor(role("ObeysNotes"));
  ASSERT_TRUE(supervisor.start());
  const auto first = supervisor.pid();
  ASSERT_TRUE(supervisor.send(end));
  equipped_.await(2);
  EXPECT_NE(supervisor.pid(), first);
  EXPECT_EQ(reported_.await(1).front(), "ended with code 7");
  ::kill(*supervisor.pid(), SIGKILL);
  equipped_.await(3);
  EXPECT_EQ(reported_.await(2).back(), "was killed by signal 9 (Killed)");
}

TEST_F(SupervisorTest, AChildThatDoesNotAnswerIsKilledAndStartedAgain) {
  Supervisor supervisor(role("ObeysNotes"));
  ASSERT_TRUE(supervisor.start());
  EXPECT_FALSE(supervisor.has_something(std::chrono::milliseconds(1)));
  ASSERT_TRUE(supervisor.send(echo, "text"));
  EXPECT_TRUE(supervisor.has_something(std::chrono::minutes(1)));
  EXPECT_EQ(supervisor.receive()->payload, "text");
  ::kill(*supervisor.pid(), SIGSTOP);
  supervisor.kill();
  EXPECT_EQ(reported_.await(1).front(), "was killed by signal 9 (Killed)");
  equipped_.await(2);
}

TEST_F(SupervisorTest, AChildThatIsStoppedIsNot) {
  Supervisor supervisor(role("ObeysNotes"));
  ASSERT_TRUE(supervisor.start());
  const pid_t child = *supervisor.pid();
  supervisor.stop();
  EXPECT_FALSE(supervisor.running());
  EXPECT_NE(::kill(child, 0), 0);
  EXPECT_FALSE(supervisor.send(echo));
  EXPECT_EQ(equipped_.await(1).size(), 1U);
}

TEST(ChildTest, OneOfAServiceManagerThatEndedAtOnceHasEnded) {
  auto pair = make_pair(false);
  pair->second = {};
  const NoteSocket notes(std::move(pair->first));
  const Descriptor kept(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  auto child = Child::behind(notes, kept.get());
  ASSERT_TRUE(child) << child.error().message();
  EXPECT_EQ(end_text(child->reap()), "ended");
}

TEST_F(SupervisorTest, AChildThatDoesNotBecomeReadyIsGivenUp) {
  auto unusable = role("ObeysNotes");
  unusable.equip = [](Supervisor&) { return false; };
  Supervisor supervisor(std::move(unusable));
  EXPECT_FALSE(supervisor.start());
  EXPECT_FALSE(supervisor.running());
}

}  // namespace
}  // namespace fermo::processes
