#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "crash/simulated_disk.h"
#include "maildrop_rocks/rocks_maildrop.h"
#include "simulation/paced_env.h"
#include "simulation/trace.h"
#include "support/temporary_folder.h"

namespace fermo::simulation {

/// A folder of its own that is the working directory while this object is there: RocksDB keeps names of files in tables
/// whose order depends on the names, and so they may not differ from run to run.
class WorkingFolder {
 public:
  WorkingFolder() { std::filesystem::current_path(folder_.path()); }
  ~WorkingFolder() {
    std::error_code ignored;
    std::filesystem::current_path(before_, ignored);
  }
  WorkingFolder(const WorkingFolder&) = delete;
  WorkingFolder& operator=(const WorkingFolder&) = delete;

  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  const std::filesystem::path before_ = std::filesystem::current_path();
  const support::TemporaryFolder folder_;
};

/// The machine that the server runs on: its disk, its clock and, while it runs, the store.
class Machine {
 public:
  /// `synced`: false for a store that acknowledges what is not on the disk.
  Machine(Trace& trace, bool synced);

  /// Opens the store; then it may be that the power has failed meanwhile, which is_cut() of the disk tells. What is
  /// wrong otherwise, in words.
  std::optional<std::string> start();
  /// The end of the process, at once: what it does from here on is undone. Nobody may hold anything of the store's.
  void lose_power(crash::DiskJournal::Loss loss, std::uint64_t seed);
  /// The store is closed as it should be.
  void shut_down();

  bool running() const { return store_ != nullptr; }
  maildrop::Store& store() { return *store_; }
  ManualClock& clock() { return clock_; }
  crash::SimulatedDisk& disk() { return disk_; }

  // What the engine does of its own accord in the course of time.
  void work_in_background();
  void flush();

 private:
  rocks::Settings settings();

  Trace& trace_;
  const bool synced_;
  WorkingFolder folder_;
  ManualClock clock_;
  crash::SimulatedDisk disk_{folder_.path() / "attic"};
  PacedEnv env_{disk_.file_system()};
  std::unique_ptr<rocks::RocksMaildrop> store_;
};

}  // namespace fermo::simulation
