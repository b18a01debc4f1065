#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "crash/simulated_disk.h"
#include "maildrop_rocks/rocks_maildrop.h"
#include "support/temporary_folder.h"

namespace fermo::crash {

/// Deliveries and deletions from several threads, a power cut at a random instant, and a look at what is there
/// afterwards. The oracle knows what was acknowledged and nothing of how the store works.
class PowerCutTrial {
 public:
  explicit PowerCutTrial(bool synced) : synced_(synced) {}

  /// One cycle; what was promised and not kept, in words.
  std::vector<std::string> run(std::uint64_t seed, DiskJournal::Loss loss);

  std::uint64_t acknowledged() const { return acknowledged_; }
  /// How often the torn end of a log was found and dropped.
  std::uint64_t torn_ends() const { return torn_ends_; }

 private:
  using Place = std::pair<std::string, std::uint64_t>;  ///< A drop, and the token of a message in it.
  struct Delivered {
    std::uint64_t token;
    std::vector<std::string> drops;
    bool acknowledged;
  };
  struct Deleted {
    std::string drop;
    std::set<std::uint64_t> tokens;
    bool acknowledged;
  };

  bool open();
  void work(std::uint64_t seed);
  void deliver_until_cut(std::uint64_t seed);
  void delete_until_cut(std::uint64_t seed);
  std::set<Place> look();
  void judge(const std::set<Place>& found);
  void judge_deliveries(const std::set<Place>& found);
  void judge_deletions(const std::set<Place>& found);
  void complain(std::string what);

  const bool synced_;
  support::TemporaryFolder folder_;
  SystemClock clock_;
  SimulatedDisk disk_{folder_.path() / "attic"};
  std::unique_ptr<rocks::RocksMaildrop> store_;

  std::mutex mutex_;
  std::uint64_t next_token_ = 1;
  std::set<Place> before_;  ///< What the cycle began with.
  std::vector<Delivered> delivered_;
  std::vector<Deleted> deleted_;
  std::vector<std::string> complaints_;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t torn_ends_ = 0;
};

}  // namespace fermo::crash
