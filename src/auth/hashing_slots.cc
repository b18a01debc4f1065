#include "auth/hashing_slots.h"

#include <algorithm>

namespace fermo::auth {

HashingSlots::HashingSlots(std::size_t count) : free_(std::max<std::size_t>(count, 1)) {}

HashingSlots::Holder::Holder(HashingSlots& slots) : slots_(slots) {
  std::unique_lock lock(slots_.mutex_);
  slots_.freed_.wait(lock, [this] { return slots_.free_ > 0; });
  --slots_.free_;
}

HashingSlots::Holder::~Holder() {
  {
    const std::lock_guard lock(slots_.mutex_);
    ++slots_.free_;
  }
  slots_.freed_.notify_one();
}

}  // namespace fermo::auth
