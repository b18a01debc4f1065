#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "confine/call_filter.h"
#include "confine/landlock.h"

namespace fermo::confine {

/// What is in force for a process, and what could not be.
struct Protection {
  /// No new ones, no capabilities but those that are kept on purpose, no core dumps, memory closed to others of the
  /// same user.
  bool privileges = false;
  int landlock_abi = 0;                   ///< 0: files and network are open.
  bool filter = false;                    ///< System calls are limited to a list.
  std::vector<std::string> missing = {};  ///< In plain words, one sentence each; empty: everything is in force.

  /// The walls stand, though an older kernel may leave gaps in them, which are in `missing`.
  bool stands() const { return privileges && landlock_abi > 0 && filter; }
};

/// A build with a sanitizer reads its own maps, starts a tracer and makes calls of its own: there nothing is put in
/// force, and Protection says so.
bool has_sanitizer();

/// No new privileges and no core dumps for this process and what it starts, and its own memory closed to others of the
/// same user. Capabilities stay. False: not all of that; none in a build with a sanitizer.
bool give_up_privileges();

/// The last of these alone, for a process that starts programs which may need privileges of their own.
bool close_memory();

/// The first half: gives up privileges, core dumps, files and the network for this thread and those it starts, so
/// before any is started. Nothing that fails ends the process.
Protection confine(std::span<const PathRule> paths);
/// The same for a program that its user runs to get something from `ports` of other machines, by TCP. Capabilities
/// stay: root may be at work for somebody whose files these are.
Protection confine_client(std::span<const PathRule> paths, std::span<const std::uint16_t> ports);

/// What a process that starts others from its own program file does not give up.
struct Kept {
  std::span<const PathRule> paths;
  std::span<const int> capabilities;  ///< By number, of those that it has. What it starts begins with none.
  AbstractSockets abstract_sockets = AbstractSockets::closed;
  /// What its calls leave no use for: that a service manager forbids to give these up is no gap.
  std::span<const int> useless_capabilities = {};
};

/// The same for such a process: what it puts on itself holds for all that it starts, under what these give up
/// themselves.
Protection confine_parent(const Kept& kept);

/// The second half, once the process has what it needs: nothing but these calls, for all threads, see allow_only().
/// Adds to `protection`.
void confine_calls(const Calls& calls, Protection& protection, const Calls& refused = {},
                   Forbidden others = Forbidden::ends);

}  // namespace fermo::confine
