#include "maildrop_ipc/grants.h"

namespace fermo::maildrop_ipc {

bool Grants::add(const DropId& drop, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (good_until_.size() >= limits::grants_max) {
    std::erase_if(good_until_, [now](const auto& grant) { return grant.second < now; });
  }
  if (good_until_.size() >= limits::grants_max) return false;
  good_until_.emplace(drop.text(), now + limits::grant_time_max);
  return true;
}

bool Grants::take(const DropId& drop, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto [first, last] = good_until_.equal_range(std::string(drop.text()));
  for (auto it = first; it != last;) {
    const bool good = it->second >= now;
    it = good_until_.erase(it);
    if (good) return true;
  }
  return false;
}

}  // namespace fermo::maildrop_ipc
