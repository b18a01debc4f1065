#include "auth/guess_limiter.h"

#include <array>

#include <arpa/inet.h>

namespace fermo::auth {
namespace {

/// Of the guesses at one account, one in so many is for networks from which nobody has failed at it lately.
constexpr std::size_t kept_for_newcomers = 5;

/// Neither an account's name nor an address can hold a line feed.
std::string pair_of(std::string_view origin, std::string_view account) {
  return std::string(origin) + '\n' + std::string(account);
}

/// Whoever has one address of these networks may well have others of it.
std::string network_of(std::string_view origin) {
  constexpr std::size_t octets_of_ipv4 = 3;
  constexpr std::size_t octets_of_ipv6 = 6;
  const std::string text(origin);
  std::array<char, 16> address{};
  if (::inet_pton(AF_INET, text.c_str(), address.data()) == 1) return std::string(address.data(), octets_of_ipv4);
  if (::inet_pton(AF_INET6, text.c_str(), address.data()) == 1) return std::string(address.data(), octets_of_ipv6);
  return text;
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
  Times& from_network = networks_.of(pair_of(network_of(origin), account), now);
  if (!may_guess(pair, from_network, at_account)) return false;
  from_network.push_back(now);
  from_origin.push_back(now);
  at_account.push_back(now);
  return true;
}

bool GuessLimiter::may_guess(const std::string& pair, const Times& from_network, const Times& at_account) const {
  if (known_.contains(pair)) return true;
  const std::size_t kept = from_network.empty() ? 0 : limits_.per_account / kept_for_newcomers;
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
  networks_.take_back(pair_of(network_of(origin), account));
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
  while (!times.empty() && (now - times.front() >= window_ || times.front() > now)) times.pop_front();
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
