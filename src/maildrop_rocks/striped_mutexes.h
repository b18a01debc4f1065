#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

namespace fermo::rocks {

/// Many locks in little memory: two keys may share one. Whoever needs several takes them in one call, in a fixed order,
/// so that nobody waits in a circle.
class StripedMutexes {
 public:
  using Locks = std::vector<std::unique_lock<std::mutex>>;

  Locks lock(std::vector<std::uint64_t> keys) {
    for (std::uint64_t& key : keys) key %= mutexes_.size();
    std::ranges::sort(keys);
    const auto repeated = std::ranges::unique(keys);
    keys.erase(repeated.begin(), repeated.end());
    Locks locks;
    for (const std::uint64_t key : keys) locks.emplace_back(mutexes_[key]);
    return locks;
  }

 private:
  std::array<std::mutex, 64> mutexes_;
};

}  // namespace fermo::rocks
