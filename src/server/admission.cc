#include "server/admission.h"

#include <utility>

namespace fermo::server {

std::variant<Admission::Ticket, Admission::Refusal> Admission::admit(const Peer& peer, Evict evict) {
  std::string name = peer.allotment();
  const bool evictable = evict != nullptr;
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
    ++origin->second.connections;
    ++in_all_;
    if (evict) add_evictable(origin, id, std::move(evict));
  }
  if (evict_other) evict_other();
  return Ticket(this, id, std::move(name), evictable);
}

bool Admission::address_is_full(const Peer& peer, const std::string& origin) const {
  if (!peer.address) return false;
  const auto known = origins_.find(origin);
  return (known == origins_.end() ? 0 : known->second.connections) >= limits_.per_address;
}

/// Nothing when all that are there stay.
Admission::Evict Admission::make_room() {
  if (ranks_.empty()) return nullptr;
  const Rank first = *ranks_.begin();
  const auto origin = origins_.find(first.origin);
  Evict evict = take_evictable(origin, first.oldest);
  count_out(origin);
  return evict;
}

void Admission::leave(const Ticket& ticket) {
  const std::lock_guard lock(mutex_);
  const auto origin = origins_.find(ticket.origin_);
  if (origin == origins_.end()) return;
  if (ticket.evictable_ && !take_evictable(origin, ticket.id_)) return;  // it has made room already
  count_out(origin);
}

void Admission::keep(Ticket& ticket) {
  const std::lock_guard lock(mutex_);
  const auto origin = origins_.find(ticket.origin_);
  if (origin != origins_.end() && take_evictable(origin, ticket.id_)) ticket.evictable_ = false;
}

/// Nothing when it is none of those.
Admission::Evict Admission::take_evictable(Origins::iterator origin, std::uint64_t id) {
  auto& evictable = origin->second.evictable;
  const auto one = evictable.find(id);
  if (one == evictable.end()) return nullptr;
  ranks_.erase(rank_of(origin));
  Evict evict = std::move(one->second);
  evictable.erase(one);
  if (!evictable.empty()) ranks_.insert(rank_of(origin));
  return evict;
}

void Admission::add_evictable(Origins::iterator origin, std::uint64_t id, Evict evict) {
  auto& evictable = origin->second.evictable;
  if (!evictable.empty()) ranks_.erase(rank_of(origin));
  evictable.emplace(id, std::move(evict));
  ranks_.insert(rank_of(origin));
}

void Admission::count_out(Origins::iterator origin) {
  --in_all_;
  if (--origin->second.connections == 0) origins_.erase(origin);
}

/// Of one that has some to evict.
Admission::Rank Admission::rank_of(Origins::iterator origin) {
  const auto& evictable = origin->second.evictable;
  return {evictable.size(), evictable.begin()->first, origin->first};
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
