#include "tickets/ticket_keys.h"

#include <openssl/crypto.h>

#include "base/random.h"

namespace fermo::tickets {

TicketKeys::~TicketKeys() {
  wipe(current_);
  wipe(previous_);
}

TicketKey TicketKeys::current(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  renew(now);
  return current_->key;
}

std::optional<FoundTicketKey> TicketKeys::find(const TicketKey::Name& name, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  renew(now);
  if (current_->key.name == name) return FoundTicketKey{current_->key, true};
  if (previous_ && previous_->key.name == name) return FoundTicketKey{previous_->key, false};
  return std::nullopt;
}

TicketKeySet TicketKeys::all(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  renew(now);
  TicketKeySet set{current_->key, std::nullopt, {}};
  if (previous_) set.previous = previous_->key;
  set.time_left = std::chrono::ceil<std::chrono::milliseconds>(current_->at + lifetime_ - now);
  return set;
}

void TicketKeys::renew(Clock::time_point now) {
  if (previous_ && now - previous_->at >= 2 * lifetime_) wipe(previous_);
  if (current_ && now - current_->at < lifetime_) return;
  wipe(previous_);
  if (current_ && now - current_->at < 2 * lifetime_) previous_ = current_;
  wipe(current_);
  current_.emplace();
  fill_random(current_->key.name);
  fill_random(current_->key.cipher);
  fill_random(current_->key.mac);
  current_->at = now;
}

void TicketKeys::wipe(std::optional<Made>& made) {
  if (made) OPENSSL_cleanse(&made->key, sizeof(made->key));
  made.reset();
}

}  // namespace fermo::tickets
