#include "auth/guess_limiter.h"

namespace fermo::auth {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::minutes window = 1min;
/// Of the guesses at one account, one in so many is for origins that have not failed lately.
constexpr std::size_t kept_for_newcomers = 5;

/// Neither an account's name nor an address can hold a line feed.
std::string pair_of(std::string_view origin, std::string_view account) {
  return std::string(origin) + '\n' + std::string(account);
}

}  // namespace

bool GuessLimiter::begin(std::string_view origin, std::string_view account) {
  const std::string pair = pair_of(origin, account);
  const std::lock_guard lock(mutex_);
  const Timestamp now = clock_.now();
  Times& from_origin = origins_.of(origin, now);
  // First, so that an origin that has had its share cannot fill the other counts with names of its choice.
  if (from_origin.size() >= limits_.per_origin) return false;
  Times& at_account = accounts_.of(account, now);
  if (!may_guess(pair, from_origin, at_account)) return false;
  from_origin.push_back(now);
  at_account.push_back(now);
  return true;
}

bool GuessLimiter::may_guess(const std::string& pair, const Times& from_origin, const Times& at_account) const {
  if (known_.contains(pair)) return true;
  const std::size_t kept = from_origin.empty() ? 0 : limits_.per_account / kept_for_newcomers;
  return at_account.size() < limits_.per_account - kept;
}

void GuessLimiter::was_right(std::string_view origin, std::string_view account) {
  was_undecided(origin, account);
  const std::lock_guard lock(mutex_);
  known_.insert(pair_of(origin, account));
}

void GuessLimiter::was_undecided(std::string_view origin, std::string_view account) {
  const std::lock_guard lock(mutex_);
  origins_.take_back(origin);
  accounts_.take_back(account);
}

GuessLimiter::Times& GuessLimiter::Counts::of(std::string_view name, Timestamp now) {
  const auto known = entries_.find(name);
  if (known != entries_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, known->second);
  } else {
    if (entries_.size() >= limits::guess_counts_max) {
      entries_.erase(by_use_.back().first);
      by_use_.pop_back();
    }
    by_use_.emplace_front(std::string(name), Times());
    entries_.emplace(by_use_.front().first, by_use_.begin());
  }
  Times& times = by_use_.front().second;
  // A time that is yet to come is from before the machine's clock was set back.
  while (!times.empty() && (now - times.front() >= window || times.front() > now)) times.pop_front();
  return times;
}

void GuessLimiter::Counts::take_back(std::string_view name) {
  const auto known = entries_.find(name);
  if (known != entries_.end() && !known->second->second.empty()) known->second->second.pop_back();
}

void GuessLimiter::Known::insert(const std::string& pair) {
  if (pairs_.contains(pair)) return;
  if (pairs_.size() >= limits::verified_logins_max) {
    pairs_.erase(by_age_.back());
    by_age_.pop_back();
  }
  by_age_.push_front(pair);
  pairs_.insert(by_age_.front());
}

}  // namespace fermo::auth
