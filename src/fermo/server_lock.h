#pragma once

#include <filesystem>
#include <utility>

#include "base/descriptor.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"

namespace fermo::commands {

/// That a server runs on a data folder, and that processes of one do: two locks on files in it, free again when whoever
/// has them has ended, however that was. The second one is inherited by every process of the server, so that a server
/// that was killed can be waited for until the last of them is gone.
class ServerLock {
 public:
  /// For a server that starts, with the turn (StoreTurn). Waits for the processes of one that was killed; a person at
  /// the terminal is told when that is not at once. What is wrong, another server above all, is printed.
  static Outcome<ServerLock> take(const std::filesystem::path& data, const Console& console);

  /// Waits for the processes of a server that was killed; not for a server that runs.
  static void await_killed(const std::filesystem::path& data);

  /// What every process of the server keeps open.
  const Descriptor& processes() const { return processes_; }

 private:
  ServerLock(Descriptor server, Descriptor processes) : server_(std::move(server)), processes_(std::move(processes)) {}

  Descriptor server_;
  Descriptor processes_;
};

}  // namespace fermo::commands
