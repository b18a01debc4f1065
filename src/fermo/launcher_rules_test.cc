// What a process with the rights of the launcher can still do, and what whoever takes it over cannot.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>  // mkdtemp
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "base/descriptor.h"
#include "fermo/roles.h"

namespace fermo::commands {
namespace {

namespace fs = std::filesystem;

/// What waitpid(2) says of a child that does this; it ends with code 0 when that is true.
int status_of(const std::function<bool()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work() ? 0 : 1);
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

int code_of(const std::function<bool()>& work) {
  const int status = status_of(work);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Whether `path` can be run; it is told to do next to nothing.
bool runs(const char* path, const char* argument) {
  return code_of([&] {
           const int nothing = ::open("/dev/null", O_RDWR);
           ::dup2(nothing, STDOUT_FILENO);
           ::execl(path, path, argument, nullptr);
           return false;
         }) == 0;
}

int error_of_tcp(bool connecting) {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* const to = reinterpret_cast<const sockaddr*>(&address);
  const int done =
      connecting ? ::connect(socket.get(), to, sizeof(address)) : ::bind(socket.get(), to, sizeof(address));
  return done == 0 ? 0 : errno;
}

bool can_open(const fs::path& path, int flags) {
  return static_cast<bool>(Descriptor(::open(path.c_str(), flags | O_CLOEXEC, 0600)));
}

class LauncherRulesTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (confine::has_sanitizer()) GTEST_SKIP() << "a build with a sanitizer confines nothing";
    if (!confine::can_filter_calls() || confine::landlock_abi() == 0) GTEST_SKIP() << "this kernel cannot confine";
    std::string name = (fs::temp_directory_path() / "fermo-launcher-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    config_.data = name;
  }
  void TearDown() override {
    if (!config_.data.empty()) fs::remove_all(config_.data);
  }

  bool by_manager() const { return GetParam(); }
  /// Whether `work` holds in a child that is confined as the launcher is.
  bool holds_confined(const std::function<bool()>& work) const {
    return code_of([&] { return confine_launcher(launcher_rules(config_, by_manager())).stands() && work(); }) == 0;
  }

  config::Config config_;
};

TEST_P(LauncherRulesTest, NoCallThatReachesIntoOtherProcessesOrTheKernelIsLeft) {
  const std::array<std::pair<const char*, long>, 24> gone = {{{"ptrace", SYS_ptrace},
                                                              {"process_vm_readv", SYS_process_vm_readv},
                                                              {"process_vm_writev", SYS_process_vm_writev},
                                                              {"kcmp", SYS_kcmp},
                                                              {"pidfd_getfd", SYS_pidfd_getfd},
                                                              {"mount", SYS_mount},
                                                              {"pivot_root", SYS_pivot_root},
                                                              {"chroot", SYS_chroot},
                                                              {"bpf", SYS_bpf},
                                                              {"keyctl", SYS_keyctl},
                                                              {"add_key", SYS_add_key},
                                                              {"init_module", SYS_init_module},
                                                              {"finit_module", SYS_finit_module},
                                                              {"setns", SYS_setns},
                                                              {"unshare", SYS_unshare},
                                                              {"userfaultfd", SYS_userfaultfd},
                                                              {"io_uring_setup", SYS_io_uring_setup},
                                                              {"perf_event_open", SYS_perf_event_open},
                                                              {"personality", SYS_personality},
                                                              {"kexec_load", SYS_kexec_load},
                                                              {"reboot", SYS_reboot},
                                                              {"open_by_handle_at", SYS_open_by_handle_at},
                                                              {"mknodat", SYS_mknodat},
                                                              {"execveat", SYS_execveat}}};
  for (const auto& [name, number] : gone) {
    EXPECT_TRUE(holds_confined([call = number] {
      return ::syscall(call, -1L, -1L, -1L, -1L, -1L, -1L) == -1 && errno == EPERM;
    })) << name;
  }
}

TEST_P(LauncherRulesTest, ItConnectsToNobodyByTcpAndBindsNoPort) {
  EXPECT_TRUE(holds_confined([] { return error_of_tcp(true) == EPERM && error_of_tcp(false) == EPERM; }));
}

/// What is open could be used to connect or bind again, which takes no new socket.
TEST_P(LauncherRulesTest, NorWithASocketThatItHas) {
  const Descriptor open(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_TRUE(holds_confined([&] {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    const auto* const to = reinterpret_cast<const sockaddr*>(&address);
    const bool bound = ::bind(open.get(), to, sizeof(address)) == 0;
    // The list has connect(2) where a service manager is connected to; there Landlock forbids it, as far as it can.
    const bool connected = ::connect(open.get(), to, sizeof(address)) == 0;
    const bool forbidden = errno == EPERM || errno == EACCES || confine::landlock_abi() < 4;
    return !bound && !connected && forbidden;
  }));
}

TEST_P(LauncherRulesTest, ItRunsNoShell) {
  ASSERT_TRUE(runs("/bin/sh", "/dev/null"));
  EXPECT_TRUE(holds_confined([&] {
    if (by_manager()) return ::fork() < 0 && ::execl("/bin/sh", "sh", nullptr) != 0 && errno == EPERM;
    return !runs("/bin/sh", "/dev/null") && ::execl("/bin/sh", "sh", nullptr) != 0 && errno == EACCES;
  }));
}

TEST_P(LauncherRulesTest, ItRunsItsOwnProgramUnlessAServiceManagerDoes) {
  EXPECT_TRUE(holds_confined([&] { return runs("/proc/self/exe", "--gtest_list_tests") != by_manager(); }));
}

TEST_P(LauncherRulesTest, ItRunsItsOwnProgramWhenThatHasBeenReplaced) {
  if (by_manager()) GTEST_SKIP() << "it runs none";
  const auto here = config_.data / "program";
  fs::copy_file("/proc/self/exe", here);
  // In a copy of this program, which removes itself before it runs itself.
  EXPECT_EQ(code_of([&] {
              ::setenv("FERMO_TEST_PROGRAM", here.c_str(), 1);
              ::execl(here.c_str(), here.c_str(), "--gtest_also_run_disabled_tests", "--gtest_brief=1",
                      "--gtest_filter=DISABLED_LauncherCopyTest.*", nullptr);
              return false;
            }),
            0);
}

TEST(DISABLED_LauncherCopyTest, RunsThoughItIsGone) {
  const char* const path = ::getenv("FERMO_TEST_PROGRAM");
  ASSERT_NE(path, nullptr);
  EXPECT_EQ(code_of([&] {
              config::Config config;
              config.data = fs::path(path).parent_path();
              if (!confine_launcher(launcher_rules(config, false)).stands() || ::unlink(path) != 0) return false;
              return runs("/proc/self/exe", "--gtest_list_tests");
            }),
            0);
}

TEST_P(LauncherRulesTest, TheDefaultListenersAreTheSameWhenTheConfigurationIsReadAnew) {
  ASSERT_TRUE(config::complete(config_).empty());
  EXPECT_TRUE(holds_confined([&] {
    config::Config anew;
    anew.data = config_.data;
    return config::complete(anew).empty() && anew.listen == config_.listen;
  }));
}

TEST_P(LauncherRulesTest, ItSignalsItsChildrenAndNobodyOutside) {
  if (confine::landlock_abi() < 6) GTEST_SKIP() << "this kernel's Landlock does not know of signals";
  EXPECT_TRUE(holds_confined([&] {
    if (::kill(::getppid(), 0) == 0 || errno != EPERM) return false;
    if (by_manager()) return true;
    const pid_t child = ::fork();
    if (child == 0) {
      while (true) ::poll(nullptr, 0, -1);
    }
    int status = 0;
    return ::kill(child, SIGKILL) == 0 && ::waitpid(child, &status, 0) == child && WIFSIGNALED(status);
  }));
}

/// By its own list, which holds where Landlock does not know of signals.
TEST_P(LauncherRulesTest, NoProcessOfAServerSignalsAnotherOne) {
  if (by_manager()) GTEST_SKIP() << "there they are no children of the launcher";
  for (const RoleRules& role : all_rules(config_)) {
    const auto status_confined = [&](const std::function<bool()>& work) {
      return status_of([&] {
        auto protection = confine_launcher(launcher_rules(config_, false));
        confine::confine_calls(role.calls, protection, role.refused);
        return protection.filter && work();
      });
    };
    const int other = status_confined([] { return ::syscall(SYS_tgkill, ::getppid(), ::getppid(), 0) == 0; });
    EXPECT_TRUE(WIFSIGNALED(other) && WTERMSIG(other) == SIGSYS) << role.name << " " << other;
    const int own = status_confined([] { return ::raise(SIGTERM) == 0; });
    EXPECT_TRUE(WIFSIGNALED(own) && WTERMSIG(own) == SIGTERM) << role.name << " " << own;
  }
}

TEST_P(LauncherRulesTest, WhatTheServerNeedsGoesOn) {
  EXPECT_TRUE(holds_confined([&] {
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) return false;
    const Descriptor memory(::memfd_create("configuration", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    const Descriptor manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    bool ran = false;
    std::thread([&ran] { ran = true; }).join();
    return memory && manager && ran && Descriptor(::open("/etc/passwd", O_RDONLY | O_CLOEXEC)) &&
           Descriptor(::open("/dev/null", by_manager() ? O_RDONLY : O_RDWR));
  }));
}

/// The store is under these rules too.
TEST_P(LauncherRulesTest, FilesAreMadeAndMovedBetweenFolders) {
  if (confine::landlock_abi() < 2) GTEST_SKIP() << "this kernel's Landlock forbids every move between folders";
  EXPECT_TRUE(holds_confined([&] {
    if (::mkdir((config_.data / "one").c_str(), 0700) != 0 || ::mkdir((config_.data / "two").c_str(), 0700) != 0)
      return false;
    const auto from = config_.data / "one/file";
    const Descriptor file(::open(from.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    return file && ::fsync(file.get()) == 0 && ::rename(from.c_str(), (config_.data / "two/file").c_str()) == 0 &&
           ::unlink((config_.data / "two/file").c_str()) == 0;
  }));
}

TEST_P(LauncherRulesTest, ItWritesNowhereElse) {
  const auto elsewhere = fs::temp_directory_path() / (config_.data.filename().string() + ".elsewhere");
  EXPECT_TRUE(holds_confined([&] { return !can_open(elsewhere, O_WRONLY | O_CREAT) && errno == EACCES; }));
  fs::remove(elsewhere);
}

TEST_P(LauncherRulesTest, ItWritesWhereTheStoreIsALinkTo) {
  const auto disk = fs::temp_directory_path() / (config_.data.filename().string() + ".disk");
  fs::create_directory(disk);
  fs::create_directory_symlink(disk, config_.data / "store");
  EXPECT_TRUE(holds_confined([&] { return can_open(disk / "file", O_WRONLY | O_CREAT) != by_manager(); }));
  fs::remove_all(disk);
}

/// Behind the launcher's walls it has its own.
TEST_P(LauncherRulesTest, TheStoreReachesNothingButItsOwnFolder) {
  if (by_manager()) GTEST_SKIP() << "there it is no child of the launcher";
  fs::create_directory(config_.data / "store");
  const auto users = config_.data / "users";
  ASSERT_TRUE(can_open(users, O_WRONLY | O_CREAT));
  EXPECT_TRUE(holds_confined([&] {
    return confine::confine(store_rules(config_).paths).privileges && !can_open(users, O_RDONLY) && errno == EACCES &&
           ::rename(users.c_str(), (config_.data / "store/users").c_str()) != 0 && !can_open("/etc/passwd", O_RDONLY) &&
           !can_open(config_.data / "file", O_WRONLY | O_CREAT) &&
           can_open(config_.data / "store/file", O_WRONLY | O_CREAT);
  }));
  EXPECT_TRUE(fs::exists(users));
}

/// Of a checkpoint.
TEST_P(LauncherRulesTest, TheStoreLinksItsFilesIntoAFolderInItsOwn) {
  if (by_manager()) GTEST_SKIP() << "there it is no child of the launcher";
  if (confine::landlock_abi() < 2) GTEST_SKIP() << "this kernel's Landlock forbids links between folders";
  const auto store = config_.data / "store";
  fs::create_directory(store);
  EXPECT_TRUE(holds_confined([&] {
    return confine::confine(store_rules(config_).paths).privileges && can_open(store / "1.sst", O_WRONLY | O_CREAT) &&
           ::mkdir((store / "checkpoint-1").c_str(), 0700) == 0 &&
           ::link((store / "1.sst").c_str(), (store / "checkpoint-1/1.sst").c_str()) == 0;
  }));
}

INSTANTIATE_TEST_SUITE_P(Started, LauncherRulesTest, testing::Values(false, true),
                         [](const auto& one) { return one.param ? "ByAServiceManager" : "ByTheLauncher"; });

}  // namespace
}  // namespace fermo::commands
