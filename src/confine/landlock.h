#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "base/result.h"

/// Landlock (landlock(7)): a process gives up, for good, what it does not need of the file system and of the network.
namespace fermo::confine {

enum class Access {
  read,   ///< Files and folders beneath; no executing.
  write,  ///< And making, changing, renaming and removing them.
  run,    ///< Reading and executing.
};

struct PathRule {
  std::filesystem::path path;
  Access access;
};

/// Abstract unix sockets of processes outside.
enum class AbstractSockets { closed, open };

/// What this kernel can forbid: 0 for nothing; files from 1 on, renaming between folders 2, truncation 3, TCP 4,
/// ioctl on devices 5, signals and abstract sockets to outside 6.
int landlock_abi();

/// From now on this thread, and those it starts, reach no files but those beneath `paths`, open no TCP connection but
/// to `ports`, bind no TCP port, signal nobody outside and connect to no abstract socket (unless these stay open), as
/// far as the kernel knows of these. What is open stays usable. Paths that do not exist, or that nobody lets us reach,
/// are left out. Needs no_new_privs. Errors: the system's; ENOSYS or EOPNOTSUPP: the kernel has no Landlock.
Result<void> restrict_files_and_network(std::span<const PathRule> paths, std::span<const std::uint16_t> ports = {},
                                        AbstractSockets abstract_sockets = AbstractSockets::closed);

}  // namespace fermo::confine
