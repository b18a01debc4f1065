#include "server/admission.h"

#include <algorithm>

namespace fermo::server {

std::variant<Admission::Ticket, Admission::Refusal> Admission::admit(const Peer& peer, Evict evict) {
  std::string name = peer.allotment();
  Evict evict_other;
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    if (address_is_full(peer, name)) return Refusal::too_many_from_address;
    if (in_all_ >= limits_.in_all) {
      evict_other = make_room();
      if (!evict_other) return Refusal::too_many_in_all;
    }
    id = ++ids_;
    const auto origin = origins_.try_emplace(name).first;
    const bool evictable = evict != nullptr;
    origin->second.connections.emplace(id, std::move(evict));
    if (evictable) count_evictable(origin, origin->second.evictable + 1);
    ++in_all_;
  }
  if (evict_other) evict_other();
  return Ticket(this, id, std::move(name));
}

bool Admission::address_is_full(const Peer& peer, const std::string& origin) const {
  if (!peer.address) return false;
  const auto known = origins_.find(origin);
  return (known == origins_.end() ? 0 : known->second.connections.size()) >= limits_.per_address;
}

/// Nothing when all that are there stay.
Admission::Evict Admission::make_room() {
  if (by_evictable_.empty()) return nullptr;
  const auto origin = origins_.find(by_evictable_.rbegin()->second);
  auto& connections = origin->second.connections;
  const auto oldest = std::ranges::find_if(connections, [](const auto& one) { return one.second != nullptr; });
  Evict evict = oldest->second;
  remove(origin, oldest);
  return evict;
}

void Admission::leave(const std::string& origin, std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto known = origins_.find(origin);
  if (known == origins_.end()) return;
  const auto connection = known->second.connections.find(id);
  if (connection != known->second.connections.end()) remove(known, connection);  // else it has made room already
}

void Admission::keep(const std::string& origin, std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto known = origins_.find(origin);
  if (known == origins_.end()) return;
  const auto connection = known->second.connections.find(id);
  if (connection == known->second.connections.end() || !connection->second) return;
  connection->second = nullptr;
  count_evictable(known, known->second.evictable - 1);
}

void Admission::remove(Origins::iterator origin, std::map<std::uint64_t, Evict>::iterator connection) {
  if (connection->second) count_evictable(origin, origin->second.evictable - 1);
  origin->second.connections.erase(connection);
  if (origin->second.connections.empty()) origins_.erase(origin);
  --in_all_;
}

void Admission::count_evictable(Origins::iterator origin, std::size_t now) {
  by_evictable_.erase({origin->second.evictable, origin->first});
  origin->second.evictable = now;
  if (now > 0) by_evictable_.emplace(now, origin->first);
}

void Admission::set_limits(Limits limits) {
  const std::lock_guard lock(mutex_);
  limits_ = limits;
}

std::size_t Admission::in_all() const {
  const std::lock_guard lock(mutex_);
  return in_all_;
}

}  // namespace fermo::server
