#pragma once

#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

/// Lists of system calls, and the filter (seccomp(2)) that lets nothing else through.
namespace fermo::confine {

/// By the names that they have in manual pages. Of some the arguments count: "clone" is for threads, "fork" for
/// processes (and threads) in the namespaces of who starts them, "socket(AF_UNIX)" for no other family. "tgkill(self)"
/// is for signals to no other process than the one that the filter is made in; "prlimit64(self)", "setpriority(self)",
/// "ioprio_set(self)" and "sched_setscheduler(self)" change nobody but who calls them.
using Calls = std::vector<const char*>;

/// Both together.
Calls joined(std::initializer_list<Calls> lists);

namespace calls {

/// What every program needs to compute, allocate, wait, read and write what is open, and end, also by a signal to
/// itself.
Calls basic();
/// Starting threads. Processes are not: the filter looks at the flags.
Calls threads();
/// Starting processes, none of them in namespaces of its own, waiting for them and ending them. Threads too. Signals to
/// any process: what is started inherits the filter, and ends by one to itself.
Calls processes();
/// New sockets to processes of this machine, and pairs of them.
Calls local_sockets();
/// By which a process gives up more than it has given up before.
Calls giving_up();
/// Talking on sockets that are there.
Calls sockets();
/// Descriptors that come from another process, and pairs of sockets to pass to it.
Calls passing();
/// Files that are there: opening, looking at and reading them.
Calls reading_files();
/// Making, changing and removing files, durably.
Calls writing_files();
/// Waiting for many descriptors.
Calls waiting();
/// Opening and looking at files, for those who may not: libraries try it, and go on without.
Calls tries_of_libraries();

}  // namespace calls

/// What becomes of a call that is on no list.
enum class Forbidden {
  ends,   ///< It ends the process by SIGSYS.
  fails,  ///< It fails with EPERM.
};

/// From now on every thread of this process makes only these calls; one of `refused` fails with EACCES, and any other
/// one is forbidden. Where fcntl(2) and ioctl(2) are on the list they give a descriptor no owner (F_SETOWN), who would
/// get signals. A name that this machine does not have is left out. Needs no_new_privs. May be called again to take
/// more away. Errors: the system's; what a filter forbids stays forbidden.
Result<void> allow_only(std::span<const char* const> calls, std::span<const char* const> refused = {},
                        Forbidden others = Forbidden::ends);

/// Whether this kernel can filter.
bool can_filter_calls();

}  // namespace fermo::confine
