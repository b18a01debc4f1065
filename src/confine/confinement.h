#pragma once

#include <string>
#include <vector>

#include "confine/call_filter.h"
#include "confine/landlock.h"

namespace fermo::confine {

/// What is in force for a process, and what could not be.
struct Protection {
  bool privileges = false;  ///< No new ones, no capabilities, no core dumps, memory closed to others of the same user.
  int landlock_abi = 0;     ///< 0: files and network are open.
  bool filter = false;      ///< System calls are limited to a list.
  std::vector<std::string> missing = {};  ///< In plain words, one sentence each; empty: everything is in force.

  /// The walls stand, though an older kernel may leave gaps in them, which are in `missing`.
  bool stands() const { return privileges && landlock_abi > 0 && filter; }
};

/// A build with a sanitizer reads its own maps, starts a tracer and makes calls of its own: there nothing is put in
/// force, and Protection says so.
bool has_sanitizer();

/// The first half: gives up privileges, core dumps, files and the network for this thread and those it starts, so
/// before any is started. Nothing that fails ends the process.
Protection confine(std::span<const PathRule> paths);

/// The second half, once the process has what it needs: nothing but these calls, for all threads, see allow_only().
/// Adds to `protection`.
void confine_calls(const Calls& calls, Protection& protection, const Calls& refused = {});

}  // namespace fermo::confine
