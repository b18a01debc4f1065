#pragma once

#include <array>
#include <cstdint>

#include "simulation/mutation.h"
#include "simulation/trace.h"

namespace fermo::simulation {

/// What came of one seed, in a form that fits through a pipe.
struct Verdict {
  std::uint64_t complaints = 0;
  std::uint64_t digest = 0;  ///< Of the trace.
  std::uint64_t events = 0;
  std::uint64_t messages_acknowledged = 0;
  std::uint64_t deletions_acknowledged = 0;
  std::uint64_t power_cuts = 0;
  std::uint64_t cuts_while_starting = 0;
  std::uint64_t kills = 0;
  std::array<char, 256> first_complaint{};
};

/// RocksDB draws lots with addresses of its objects (which of some tables to compact first). So every seed is run in a
/// process of its own, which is the same at its begin: call this first thing in main(). It starts the program again
/// where addresses are not yet the same in every run, with files in memory if the system has that.
void make_repeatable(char** words);

/// Runs one seed in a child process. A child that does not live through it counts as a complaint.
Verdict run_isolated(std::uint64_t seed, Mutation mutation, Trace::Show show);

}  // namespace fermo::simulation
