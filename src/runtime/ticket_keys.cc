#include "runtime/ticket_keys.h"

#include <openssl/crypto.h>

#include "base/random.h"

namespace fermo::runtime {
namespace {

void wipe(std::optional<TicketKeys::Key>& key) {
  if (key) OPENSSL_cleanse(&*key, sizeof(*key));
  key.reset();
}

}  // namespace

TicketKeys::~TicketKeys() {
  wipe(current_);
  wipe(previous_);
}

TicketKeys::Key TicketKeys::current(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  renew(now);
  return *current_;
}

std::optional<TicketKeys::Found> TicketKeys::find(const Name& name, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  renew(now);
  if (current_->name == name) return Found{*current_, true};
  if (previous_ && previous_->name == name) return Found{*previous_, false};
  return std::nullopt;
}

void TicketKeys::renew(Clock::time_point now) {
  if (previous_ && now - previous_->made_at >= 2 * lifetime_) wipe(previous_);
  if (current_ && now - current_->made_at < lifetime_) return;
  wipe(previous_);
  if (current_ && now - current_->made_at < 2 * lifetime_) previous_ = current_;
  wipe(current_);
  current_.emplace();
  fill_random(current_->name);
  fill_random(current_->cipher);
  fill_random(current_->mac);
  current_->made_at = now;
}

}  // namespace fermo::runtime
