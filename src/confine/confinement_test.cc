#include "confine/confinement.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "base/descriptor.h"

namespace fermo::confine {
namespace {

/// What waitpid(2) says of a child that does this; it ends with code 0 when that is true.
int status_of(const std::function<bool()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work() ? 0 : 1);
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

bool can_open(const std::filesystem::path& path, int how) {
  const int fd = ::open(path.c_str(), how, 0600);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

class ConfinementTest : public testing::Test {
 protected:
  void SetUp() override {
    if (has_sanitizer()) GTEST_SKIP() << "a build with a sanitizer confines nothing";
    std::string name = (std::filesystem::temp_directory_path() / "fermo-confine-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::filesystem::create_directory(folder_ / "inside");
    std::ofstream(folder_ / "inside/file") << "text";
    std::ofstream(folder_ / "outside") << "text";
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  std::filesystem::path folder_;
};

TEST_F(ConfinementTest, GivesUpPrivilegesAndCoreDumps) {
  EXPECT_EQ(status_of([] {
              const Protection protection = confine({});
              rlimit core{1, 1};
              ::getrlimit(RLIMIT_CORE, &core);
              return protection.privileges && ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
                     ::prctl(PR_GET_DUMPABLE) == 0 && core.rlim_max == 0;
            }),
            0);
}

TEST_F(ConfinementTest, ClosesItsMemoryAndGivesUpNothingElse) {
  EXPECT_EQ(status_of([] {
              return close_memory() && ::prctl(PR_GET_DUMPABLE) == 0 && ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
            }),
            0);
}

TEST_F(ConfinementTest, ReachesNoFileButThoseNamed) {
  if (landlock_abi() == 0) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(status_of([this] {
              const std::vector<PathRule> rules = {{folder_ / "inside", Access::read}};
              confine(rules);
              return can_open(folder_ / "inside/file", O_RDONLY) && !can_open(folder_ / "outside", O_RDONLY) &&
                     !can_open(folder_ / "inside/file", O_WRONLY) &&
                     !can_open(folder_ / "inside/new", O_WRONLY | O_CREAT);
            }),
            0);
}

TEST_F(ConfinementTest, MakesAndRenamesFilesWhereItMayWrite) {
  if (landlock_abi() < 3) GTEST_SKIP() << "this kernel's Landlock does not know of truncation";
  EXPECT_EQ(status_of([this] {
              const std::vector<PathRule> rules = {{folder_ / "inside", Access::write}};
              confine(rules);
              std::filesystem::create_directory(folder_ / "inside/sub");
              return can_open(folder_ / "inside/new", O_WRONLY | O_CREAT) &&
                     ::rename((folder_ / "inside/new").c_str(), (folder_ / "inside/sub/moved").c_str()) == 0 &&
                     ::truncate((folder_ / "inside/file").c_str(), 1) == 0 &&
                     ::unlink((folder_ / "inside/file").c_str()) == 0 &&
                     ::truncate((folder_ / "outside").c_str(), 1) != 0;
            }),
            0);
}

TEST_F(ConfinementTest, ARuleForWhatIsNotThereIsLeftOut) {
  if (landlock_abi() == 0) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(status_of([this] {
              const std::vector<PathRule> rules = {{folder_ / "nothing", Access::read}};
              return confine(rules).landlock_abi > 0;
            }),
            0);
}

TEST_F(ConfinementTest, BindsNoTcpPort) {
  if (landlock_abi() < 4) GTEST_SKIP() << "this kernel's Landlock does not know of TCP";
  EXPECT_EQ(status_of([] {
              confine({});
              const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
              sockaddr_in address{};
              address.sin_family = AF_INET;
              return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 && errno == EACCES;
            }),
            0);
}

/// What connect(2) says of a port of this machine.
int connecting_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0 : errno;
}

TEST_F(ConfinementTest, AClientConnectsToItsPortsAndToNoOther) {
  if (landlock_abi() < 4) GTEST_SKIP() << "this kernel's Landlock does not know of TCP";
  EXPECT_EQ(status_of([] {
              const std::array<std::uint16_t, 1> ports = {1};
              confine_client({}, ports);
              return connecting_to(1) != EACCES && connecting_to(2) == EACCES;
            }),
            0);
}

TEST_F(ConfinementTest, AClientGivesUpCoreDumpsButNoCapabilities) {
  EXPECT_EQ(status_of([] {
              const bool could = ::prctl(PR_CAPBSET_READ, 0) == 1;
              const Protection protection = confine_client({}, {});
              return protection.privileges && ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
                     ::prctl(PR_GET_DUMPABLE) == 0 && (::prctl(PR_CAPBSET_READ, 0) == 1) == could;
            }),
            0);
}

/// The capabilities that are in force for this process.
std::uint64_t capabilities_in_force() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  ::syscall(SYS_capget, &header, data.data());
  return data[0].effective | (std::uint64_t{data[1].effective} << 32);
}

TEST_F(ConfinementTest, AParentKeepsTheCapabilitiesThatAreNamedAndHandsOnNone) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root has capabilities to keep";
  EXPECT_EQ(status_of([] {
              const std::uint64_t had = capabilities_in_force();
              const std::array kept = {CAP_KILL, CAP_SETUID};
              const Protection protection = confine_parent({{}, kept});
              const std::uint64_t named = (1U << CAP_KILL) | (1U << CAP_SETUID);
              return protection.privileges && capabilities_in_force() == (had & named) &&
                     (::prctl(PR_CAPBSET_READ, CAP_KILL) == 0 || (had >> CAP_SETPCAP & 1) == 0) &&
                     ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0) == 0;
            }),
            0);
}

TEST_F(ConfinementTest, WhereCapsetIsForbiddenACapabilityThatIsOfNoUseIsNoGap) {
  if (::geteuid() != 0 || !can_filter_calls()) GTEST_SKIP() << "only root has capabilities, and a filter is needed";
  for (const bool useless : {true, false}) {
    EXPECT_EQ(status_of([useless] {
                const std::array given = {CAP_NET_BIND_SERVICE};
                Protection protection = confine_parent({{}, given});
                if (!protection.privileges || capabilities_in_force() != 1U << CAP_NET_BIND_SERVICE) return false;
                confine_calls(joined({calls::basic(), {"capget", "prctl", "prlimit64(self)"}}), protection, {},
                              Forbidden::fails);
                const auto of_no_use = useless ? std::span<const int>(given) : std::span<const int>();
                return confine_parent({{}, {}, AbstractSockets::closed, of_no_use}).privileges == useless;
              }),
              0);
  }
}

/// Whether a program could be started.
bool runs(const char* program) {
  const int status = status_of([program] {
    ::execl(program, program, nullptr);
    return false;
  });
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(ConfinementTest, AParentRunsNothingButWhatIsNamed) {
  if (landlock_abi() == 0) GTEST_SKIP() << "this kernel has no Landlock";
  ASSERT_TRUE(runs("/bin/true"));
  EXPECT_EQ(status_of([] {
              const std::vector<PathRule> rules = {{"/", Access::write}};
              confine_parent({rules, {}});
              return !runs("/bin/true") && can_open("/bin/true", O_RDONLY);
            }),
            0);
  EXPECT_EQ(status_of([] {
              const std::vector<PathRule> rules = {{"/", Access::run}};
              confine_parent({rules, {}});
              return runs("/bin/true");
            }),
            0);
}

TEST_F(ConfinementTest, AbstractSocketsOfOthersAreClosedUnlessTheyAreNeeded) {
  if (landlock_abi() < 6) GTEST_SKIP() << "this kernel's Landlock does not know of abstract sockets";
  const Descriptor outside(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socklen_t octets = sizeof(sa_family_t);  // the kernel chooses a name
  ASSERT_EQ(::bind(outside.get(), reinterpret_cast<const sockaddr*>(&address), octets), 0);
  octets = sizeof(address);
  ASSERT_EQ(::getsockname(outside.get(), reinterpret_cast<sockaddr*>(&address), &octets), 0);
  for (const auto how : {AbstractSockets::closed, AbstractSockets::open}) {
    EXPECT_EQ(status_of([&] {
                confine_parent({{}, {}, how});
                const Descriptor from(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
                const int connected = ::connect(from.get(), reinterpret_cast<const sockaddr*>(&address), octets);
                return (connected == 0) == (how == AbstractSockets::open);
              }),
              0);
  }
}

TEST_F(ConfinementTest, ProcessesMayBeStartedButInNoNamespacesOfTheirOwn) {
  if (!can_filter_calls()) GTEST_SKIP() << "this kernel does not filter system calls";
  EXPECT_EQ(status_of([] {
              Protection protection = confine({});
              confine_calls(joined({calls::basic(), calls::processes()}), protection, {}, Forbidden::fails);
              bool ran = false;
              std::thread([&ran] { ran = true; }).join();
              const bool forked = status_of([] { return true; }) == 0;
              const auto flags = static_cast<unsigned long>(CLONE_NEWUSER | SIGCHLD);
              const long apart = ::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr);
              if (apart == 0) ::_exit(0);
              return ran && forked && apart < 0 && errno == EPERM;
            }),
            0);
}

TEST_F(ConfinementTest, ALocalSocketIsOfNoOtherFamily) {
  if (!can_filter_calls()) GTEST_SKIP() << "this kernel does not filter system calls";
  EXPECT_EQ(status_of([] {
              Protection protection = confine({});
              confine_calls(joined({calls::basic(), calls::local_sockets()}), protection, {}, Forbidden::fails);
              return ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0 && ::socket(AF_INET, SOCK_STREAM, 0) < 0 &&
                     errno == EPERM && ::socket(AF_NETLINK, SOCK_RAW, 0) < 0;
            }),
            0);
}

TEST_F(ConfinementTest, ACallThatIsNotOnTheListMayFailInstead) {
  if (!can_filter_calls()) GTEST_SKIP() << "this kernel does not filter system calls";
  EXPECT_EQ(status_of([] {
              Protection protection = confine({});
              confine_calls(calls::basic(), protection, {}, Forbidden::fails);
              return protection.filter && ::socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM && ::fork() < 0;
            }),
            0);
}

TEST_F(ConfinementTest, SignalsNobodyOutside) {
  if (landlock_abi() < 6) GTEST_SKIP() << "this kernel's Landlock does not know of signals";
  EXPECT_EQ(status_of([] {
              confine({});
              return ::kill(::getppid(), 0) != 0 && errno == EPERM;
            }),
            0);
}

/// Before version 6 of Landlock nothing else holds a signal back from a process of the same user.
TEST_F(ConfinementTest, ASignalGoesToItselfAndToNoOtherProcess) {
  if (!can_filter_calls()) GTEST_SKIP() << "this kernel does not filter system calls";
  const auto with = [](const Calls& calls, const std::function<bool()>& work) {
    return status_of([&] {
      Protection protection;
      give_up_privileges();
      confine_calls(calls, protection, {}, Forbidden::fails);
      return protection.filter && work();
    });
  };
  const Calls threads = joined({calls::basic(), calls::threads()});
  const auto signal_to = [](pid_t process, long thread) { return ::syscall(SYS_tgkill, process, thread, 0) == 0; };
  EXPECT_EQ(with(threads,
                 [&] {
                   const pid_t parent = ::getppid();
                   return !signal_to(parent, parent) && errno == EPERM && ::kill(parent, 0) != 0 && errno == EPERM;
                 }),
            0);
  EXPECT_EQ(with(threads,
                 [&] {
                   bool heard = false;
                   std::thread([&] { heard = signal_to(::getpid(), ::syscall(SYS_gettid)); }).join();
                   return heard && signal_to(::getpid(), ::syscall(SYS_gettid));
                 }),
            0);
  const int ended = with(threads, [] { return ::raise(SIGTERM) != 0; });
  ASSERT_TRUE(WIFSIGNALED(ended)) << ended;
  EXPECT_EQ(WTERMSIG(ended), SIGTERM);
  EXPECT_EQ(with(joined({threads, calls::processes()}),
                 [] {
                   const int status = status_of([] { return ::raise(SIGTERM) != 0; });
                   return WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
                 }),
            0);
}

TEST_F(ConfinementTest, LimitsAndPrioritiesAreChangedForItselfAndForNoOtherProcess) {
  if (!can_filter_calls()) GTEST_SKIP() << "this kernel does not filter system calls";
  EXPECT_EQ(
      status_of([] {
        Protection protection;
        give_up_privileges();
        const Calls own = {"prlimit64(self)", "setpriority(self)", "ioprio_set(self)", "sched_setscheduler(self)"};
        confine_calls(joined({calls::basic(), own}), protection, {}, Forbidden::fails);
        const auto refused = [](long returned) { return returned != 0 && errno == EPERM; };
        const pid_t parent = ::getppid();
        rlimit limit{};
        const sched_param priority{};
        const auto set_io_priority = [](int whose, int number) {
          return ::syscall(SYS_ioprio_set, whose, number, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 7));
        };
        return protection.filter && ::getrlimit(RLIMIT_CPU, &limit) == 0 && ::setrlimit(RLIMIT_CPU, &limit) == 0 &&
               ::setpriority(PRIO_PROCESS, 0, 19) == 0 && ::sched_setscheduler(0, SCHED_BATCH, &priority) == 0 &&
               set_io_priority(IOPRIO_WHO_PROCESS, 0) == 0 && refused(::prlimit(parent, RLIMIT_CPU, &limit, nullptr)) &&
               refused(::setpriority(PRIO_PROCESS, static_cast<id_t>(parent), 19)) &&
               refused(::setpriority(PRIO_USER, 0, 19)) && refused(::setpriority(PRIO_PGRP, 0, 19)) &&
               refused(::sched_setscheduler(parent, SCHED_BATCH, &priority)) &&
               refused(set_io_priority(IOPRIO_WHO_PROCESS, parent)) && refused(set_io_priority(IOPRIO_WHO_USER, 0));
      }),
      0);
}

TEST_F(ConfinementTest, ADescriptorGetsNoOwnerWhoWouldGetASignal) {
  if (!can_filter_calls()) GTEST_SKIP() << "this kernel does not filter system calls";
  EXPECT_EQ(status_of([] {
              std::array<int, 2> pair{};
              if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) return false;
              const long parent = ::getppid();
              Protection protection;
              give_up_privileges();
              confine_calls(joined({calls::basic(), calls::sockets()}), protection, {}, Forbidden::fails);
              const auto refused = [&](long call, long command, long argument) {
                return ::syscall(call, pair[0], command, argument) < 0 && errno == EPERM;
              };
              constexpr long beyond_32_bits = 1L << 32;  // which the kernel does not look at
              f_owner_ex owner{F_OWNER_PID, ::getppid()};
              int number = ::getppid();
              int readable = -1;
              return protection.filter && refused(SYS_fcntl, F_SETOWN, parent) &&
                     refused(SYS_fcntl, F_SETOWN | beyond_32_bits, parent) && refused(SYS_fcntl, F_SETSIG, SIGKILL) &&
                     refused(SYS_fcntl, F_SETOWN_EX, reinterpret_cast<long>(&owner)) &&
                     refused(SYS_ioctl, FIOSETOWN, reinterpret_cast<long>(&number)) &&
                     refused(SYS_ioctl, SIOCSPGRP, reinterpret_cast<long>(&number)) &&
                     ::fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0 && ::ioctl(pair[0], FIONREAD, &readable) == 0;
            }),
            0);
}

TEST_F(ConfinementTest, ACallThatIsNotOnTheListEndsTheProcess) {
  if (!can_filter_calls()) GTEST_SKIP() << "this kernel does not filter system calls";
  const int status = status_of([] {
    Protection protection = confine({});
    confine_calls(calls::basic(), protection);
    return protection.filter && ::socket(AF_INET, SOCK_STREAM, 0) >= 0;
  });
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), SIGSYS);
}

TEST_F(ConfinementTest, WhatLibrariesTryFailsAndNothingElseHappens) {
  if (!can_filter_calls()) GTEST_SKIP() << "this kernel does not filter system calls";
  EXPECT_EQ(status_of([] {
              Protection protection = confine({});
              confine_calls(calls::basic(), protection, calls::tries_of_libraries());
              return protection.filter && ::open("/dev/null", O_RDONLY) < 0 && errno == EACCES;
            }),
            0);
}

TEST_F(ConfinementTest, ThreadsMayBeStartedAndProcessesMayNot) {
  if (!can_filter_calls()) GTEST_SKIP() << "this kernel does not filter system calls";
  const int status = status_of([] {
    Protection protection = confine({});
    confine_calls(joined({calls::basic(), calls::threads()}), protection);
    bool ran = false;
    std::thread([&ran] { ran = true; }).join();
    if (!ran) return false;
    return ::fork() >= 0;
  });
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), SIGSYS);
}

TEST_F(ConfinementTest, TheListHoldsForThreadsThatRunAlready) {
  if (!can_filter_calls()) GTEST_SKIP() << "this kernel does not filter system calls";
  const int status = status_of([] {
    Protection protection = confine({});
    std::array<int, 2> pipe{};
    if (::pipe(pipe.data()) != 0) return false;
    std::thread runs_already([&pipe] {
      char octet = 0;
      if (::read(pipe[0], &octet, 1) == 1) ::socket(AF_INET, SOCK_STREAM, 0);
    });
    confine_calls(joined({calls::basic(), calls::threads()}), protection);
    if (::write(pipe[1], "x", 1) != 1) return false;
    runs_already.join();
    return true;
  });
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), SIGSYS);
}

TEST_F(ConfinementTest, MoreCanBeTakenAwayLater) {
  if (!can_filter_calls()) GTEST_SKIP() << "this kernel does not filter system calls";
  const int status = status_of([] {
    Protection protection = confine({});
    confine_calls(joined({calls::basic(), {"socket", "seccomp", "prctl"}}), protection);
    if (::socket(AF_UNIX, SOCK_STREAM, 0) < 0) return false;
    confine_calls(calls::basic(), protection);
    return ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
  });
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), SIGSYS);
}

}  // namespace
}  // namespace fermo::confine
