#include "server/admission.h"

namespace fermo::server {

std::variant<Admission::Ticket, Admission::Refusal> Admission::admit(const Peer& peer) {
  std::string allotment = peer.allotment();
  const std::lock_guard lock(mutex_);
  if (in_all_ >= limits_.in_all) return Refusal::too_many_in_all;
  if (peer.address) {
    const auto known = from_.find(allotment);
    if (known != from_.end() && known->second >= limits_.per_address) return Refusal::too_many_from_address;
    if (limits_.per_address == 0) return Refusal::too_many_from_address;
  }
  ++from_[allotment];
  ++in_all_;
  return Ticket(this, std::move(allotment));
}

void Admission::leave(const std::string& allotment) {
  const std::lock_guard lock(mutex_);
  --in_all_;
  const auto known = from_.find(allotment);
  if (--known->second == 0) from_.erase(known);
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
