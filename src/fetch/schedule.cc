#include "fetch/schedule.h"

#include <algorithm>

#include "base/limits.h"

namespace fermo::fetch {
namespace {

using std::chrono::seconds;

/// What a quarter of it is at most, by chance.
std::chrono::microseconds spread(seconds wait, double chance) {
  const auto most = std::chrono::microseconds(wait) / 4;
  return std::chrono::microseconds(static_cast<std::int64_t>(static_cast<double>(most.count()) * chance));
}

}  // namespace

Schedule::Schedule(Pace pace, std::optional<Timestamp> last_login, Timestamp now) : pace_(pace), due_(now) {
  // A clock that was set back must not hold anything up.
  if (last_login && *last_login <= now) begun_ = last_login;
  set(now);
}

Timestamp Schedule::earliest() const {
  if (!begun_) return Timestamp::min();
  return *begun_ + std::max(pace_.interval_min, login_delay_);
}

seconds Schedule::retry_wait() const {
  seconds wait = limits::fetch_retry_wait_min;
  for (unsigned i = 1; i < failures_ && wait < limits::fetch_retry_wait_max; ++i) wait *= 2;
  return std::min(wait, limits::fetch_retry_wait_max);
}

void Schedule::began(Timestamp now) {
  begun_ = now;
}

void Schedule::ended(Outcome outcome, Timestamp now, std::optional<seconds> login_delay, double chance) {
  if (login_delay) login_delay_ = std::clamp(*login_delay, seconds(0), seconds(limits::fetch_login_delay_max));
  held_ = outcome == Outcome::wrong || outcome == Outcome::login_refused;
  if (outcome == Outcome::done) {
    failures_ = 0;
    set(std::max(now, begun_.value_or(now) + pace_.interval));
    return;
  }
  ++failures_;
  const seconds wait = outcome == Outcome::login_refused ? seconds(limits::fetch_login_refused_wait) : retry_wait();
  set(now + wait + spread(wait, chance));
}

void Schedule::hurry(Timestamp now) {
  if (due_ > now) set(now);
}

void Schedule::change(Pace pace, Timestamp now) {
  pace_ = pace;
  failures_ = 0;
  if (held_) {
    held_ = false;
    set(now);
  } else {
    set(std::min(due_, std::max(now, begun_.value_or(now) + pace_.interval)));
  }
}

}  // namespace fermo::fetch
