#include "keys/shared_ticket_keys.h"

#include <openssl/crypto.h>

#include "base/limits.h"

namespace fermo::keys {

SharedTicketKeys::~SharedTicketKeys() {
  wipe();
}

std::optional<tickets::TicketKey> SharedTicketKeys::current() {
  const std::lock_guard lock(mutex_);
  if (!renew()) return std::nullopt;
  return set_->current;
}

std::optional<tickets::FoundTicketKey> SharedTicketKeys::find(const tickets::TicketKey::Name& name) {
  const std::lock_guard lock(mutex_);
  if (!renew()) return std::nullopt;
  if (set_->current.name == name) return tickets::FoundTicketKey{set_->current, true};
  if (set_->previous && set_->previous->name == name) return tickets::FoundTicketKey{*set_->previous, false};
  return std::nullopt;
}

void SharedTicketKeys::forget_time() {
  const std::lock_guard lock(mutex_);
  ask_at_ = {};
}

bool SharedTicketKeys::renew() {
  const auto now = Clock::now();
  if (now < ask_at_) return set_.has_value();
  auto newer = client_.ticket_keys();
  if (!newer) {
    // Without any a handshake fails anyway, and may as well ask again.
    if (set_) ask_at_ = now + limits::keys_retry_time;
    return set_.has_value();
  }
  ask_at_ = now + newer->time_left;
  wipe();
  set_ = *newer;
  OPENSSL_cleanse(&*newer, sizeof(*newer));
  return true;
}

void SharedTicketKeys::wipe() {
  if (set_) OPENSSL_cleanse(&*set_, sizeof(*set_));
  set_.reset();
}

}  // namespace fermo::keys
