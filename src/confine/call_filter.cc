#include "confine/call_filter.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/ioprio.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string_view>

namespace fermo::confine {
namespace {

struct ReleaseFilter {
  void operator()(void* filter) const { ::seccomp_release(filter); }
};
using FilterPointer = std::unique_ptr<void, ReleaseFilter>;

/// libseccomp returns what errno would be, negative.
error_code system_error(int returned) {
  return {-returned, boost::system::system_category()};
}

#ifdef FERMO_FILTER_EXPLAINS
constexpr std::uint32_t forbidden = SCMP_ACT_TRAP;

/// In a signal handler: nothing but write(2).
void explain(int, siginfo_t* info, void*) {
  std::array<char, 64> text{};
  std::strcpy(text.data(), "forbidden system call number ");
  std::size_t length = std::strlen(text.data());
  std::array<char, 12> digits{};
  std::size_t count = 0;
  for (int number = info->si_syscall; count == 0 || number > 0; number /= 10) {
    digits[count++] = static_cast<char>('0' + number % 10);
  }
  while (count > 0) text[length++] = digits[--count];
  text[length++] = '\n';
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), length);
  std::signal(SIGSYS, SIG_DFL);
  ::syscall(SYS_tgkill, ::getpid(), ::syscall(SYS_gettid), SIGSYS);
}

void prepare() {
  struct ::sigaction action{};
  action.sa_sigaction = explain;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  ::sigaction(SIGSYS, &action, nullptr);
}
#else
constexpr std::uint32_t forbidden = SCMP_ACT_KILL_PROCESS;

void prepare() {}
#endif

/// What libseccomp returns, when a rule that is there already is no error.
int unless_known(int added) {
  return added == -EEXIST || added == -EDOM ? 0 : added;
}

constexpr scmp_datum_t new_namespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr scmp_datum_t of_a_thread = CLONE_VM | CLONE_THREAD;

/// clone(2) with just those of the flags in `mask`. What clone3(2) is asked for stands in memory, where a filter cannot
/// look, so that it is not there: the C library then uses clone.
int allow_clone(void* filter, scmp_datum_t mask, scmp_datum_t flags) {
  const scmp_arg_cmp condition{0, SCMP_CMP_MASKED_EQ, mask, flags};
  const int added = unless_known(::seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &condition));
  if (added != 0) return added;
  return unless_known(::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, nullptr));
}

/// Of an argument that is an int: the kernel looks at no more than these bits.
scmp_arg_cmp is(unsigned argument, scmp_datum_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, 0xffffffff, value};
}

int allow_when(void* filter, int call, std::initializer_list<scmp_arg_cmp> all) {
  return unless_known(
      ::seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, static_cast<unsigned>(all.size()), all.begin()));
}

int refuse_command(void* filter, int call, scmp_datum_t command) {
  const scmp_arg_cmp is_this = is(1, command);
  return ::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), call, 1, &is_this);
}

/// Whoever owns a descriptor is sent a signal, of the sender's choice, when something can be read from it. This is a
/// filter of its own: one that allows a call does so whatever another rule says of its arguments.
int refuse_owners_of_descriptors() {
  const FilterPointer filter(::seccomp_init(SCMP_ACT_ALLOW));
  if (!filter) return -ENOMEM;
  int done = ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  for (const int command : {F_SETOWN, F_SETOWN_EX, F_SETSIG}) {
    if (done == 0) done = refuse_command(filter.get(), SCMP_SYS(fcntl), static_cast<scmp_datum_t>(command));
  }
  for (const int command : {FIOSETOWN, SIOCSPGRP}) {
    if (done == 0) done = refuse_command(filter.get(), SCMP_SYS(ioctl), static_cast<scmp_datum_t>(command));
  }
  return done == 0 ? ::seccomp_load(filter.get()) : done;
}

int add(void* filter, std::uint32_t action, const char* call) {
  const std::string_view name = call;
  if (name == "clone") return allow_clone(filter, of_a_thread | new_namespaces, of_a_thread);
  if (name == "fork") return allow_clone(filter, new_namespaces, 0);
  if (name == "socket(AF_UNIX)") return allow_when(filter, SCMP_SYS(socket), {is(0, AF_UNIX)});
  if (name == "tgkill(self)") {
    return allow_when(filter, SCMP_SYS(tgkill), {is(0, static_cast<scmp_datum_t>(::getpid()))});
  }
  // 0 is who calls: by a limit, another process could be ended as by a signal.
  if (name == "prlimit64(self)") return allow_when(filter, SCMP_SYS(prlimit64), {is(0, 0)});
  if (name == "sched_setscheduler(self)") return allow_when(filter, SCMP_SYS(sched_setscheduler), {is(0, 0)});
  if (name == "setpriority(self)") return allow_when(filter, SCMP_SYS(setpriority), {is(0, PRIO_PROCESS), is(1, 0)});
  if (name == "ioprio_set(self)") {
    return allow_when(filter, SCMP_SYS(ioprio_set), {is(0, IOPRIO_WHO_PROCESS), is(1, 0)});
  }
  const int number = ::seccomp_syscall_resolve_name(call);
  if (number == __NR_SCMP_ERROR) return 0;
  return unless_known(::seccomp_rule_add_array(filter, action, number, 0, nullptr));
}

}  // namespace

Result<void> allow_only(std::span<const char* const> calls, std::span<const char* const> refused, Forbidden others) {
  const FilterPointer filter(::seccomp_init(others == Forbidden::ends ? forbidden : SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return error_code(ENOMEM, boost::system::system_category());
  int done = ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  for (std::size_t i = 0; done == 0 && i < calls.size(); ++i) done = add(filter.get(), SCMP_ACT_ALLOW, calls[i]);
  for (std::size_t i = 0; done == 0 && i < refused.size(); ++i) {
    done = add(filter.get(), SCMP_ACT_ERRNO(EACCES), refused[i]);
  }
  prepare();
  if (done == 0) done = refuse_owners_of_descriptors();
  if (done == 0) done = ::seccomp_load(filter.get());
  if (done != 0) return system_error(done);
  return {};
}

bool can_filter_calls() {
  return ::prctl(PR_GET_SECCOMP) >= 0 && ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &forbidden) == 0;
}

}  // namespace fermo::confine
