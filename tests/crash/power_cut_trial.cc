#include "crash/power_cut_trial.h"

#include <algorithm>
#include <random>
#include <thread>

#include "conformance/store_helpers.h"
#include "maildrop_rocks/internal.h"

namespace fermo::crash {
namespace {

using conformance::value_of;

constexpr std::uint64_t drops = 5;
std::string nth_drop(std::uint64_t n) {
  return "drop" + std::to_string(n);
}

/// A message whose content follows from its token, so that any octet that is wrong is noticed.
std::string message_of(std::uint64_t token) {
  std::mt19937_64 random(token);
  constexpr std::size_t octets_max[] = {100, 3000, 30'000, 300'000};
  return conformance::wire_message(token, 40 + random() % octets_max[random() % 4]);
}

std::uint64_t token_of(std::string_view message) {
  constexpr std::string_view begin = "Subject: ";
  if (!message.starts_with(begin)) return 0;
  return std::stoull(std::string(message.substr(begin.size(), 20)));
}

}  // namespace

std::vector<std::string> PowerCutTrial::run(std::uint64_t seed, DiskJournal::Loss loss) {
  complaints_.clear();
  if (!open()) return complaints_;
  before_ = look();
  std::mt19937_64 random(seed);
  disk_.cut_after(random() % (random() % 2 == 0 ? 60 : 800));
  work(seed);
  store_.reset();
  disk_.restore_power(loss, seed);
  if (!open()) return complaints_;
  judge(look());
  delivered_.clear();
  deleted_.clear();
  return complaints_;
}

bool PowerCutTrial::open() {
  if (store_) return true;
  rocks::Settings settings;
  settings.path = folder_.path() / "store";
  settings.clock = &clock_;
  settings.write_buffer_octets = std::size_t{2} << 20;
  settings.cache_octets = std::size_t{4} << 20;
  settings.log = [this](rocks::Severity, std::string_view text) {
    const std::lock_guard lock(mutex_);
    if (text.find("torn end") != std::string_view::npos) ++torn_ends_;
  };
  auto opened = rocks::Internal::open(settings, {.file_system = disk_.file_system(), .synced = synced_});
  if (opened.has_error()) {
    complain("does not open: " + opened.error().text);
    return false;
  }
  store_ = std::move(*opened);
  return true;
}

void PowerCutTrial::work(std::uint64_t seed) {
  std::vector<std::thread> threads;
  for (std::uint64_t n = 0; n < 3; ++n) threads.emplace_back([this, seed, n] { deliver_until_cut(seed * 10 + n); });
  for (std::uint64_t n = 3; n < 5; ++n) threads.emplace_back([this, seed, n] { delete_until_cut(seed * 10 + n); });
  for (std::thread& thread : threads) thread.join();
}

void PowerCutTrial::deliver_until_cut(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  while (!disk_.is_cut()) {
    std::set<std::string> chosen;
    for (std::uint64_t left = random() % 3 + 1; left > 0; --left) chosen.insert(nth_drop(random() % drops));
    Delivered one{0, {chosen.begin(), chosen.end()}, false};
    {
      const std::lock_guard lock(mutex_);
      one.token = next_token_++;
    }
    std::vector<maildrop::Recipient> recipients;
    for (const std::string& drop : one.drops) recipients.push_back(conformance::recipient(drop));
    one.acknowledged =
        conformance::try_deliver(*store_, message_of(one.token), recipients).has_value() && !disk_.is_cut();
    const std::lock_guard lock(mutex_);
    acknowledged_ += one.acknowledged ? 1 : 0;
    delivered_.push_back(std::move(one));
  }
}

void PowerCutTrial::delete_until_cut(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  while (!disk_.is_cut()) {
    const std::string drop = nth_drop(random() % drops);
    auto session = store_->open(conformance::drop(drop));
    if (session.has_error()) continue;
    const std::uint64_t messages = (*session)->drop_listing().messages;
    Deleted one{drop, {}, false};
    std::vector<std::size_t> chosen;
    for (std::size_t number = 1; number <= messages; ++number) {
      if (random() % 2 == 0) continue;
      const auto message = conformance::try_read(**session, number);
      if (message.has_error()) break;
      one.tokens.insert(token_of(*message));
      chosen.push_back(number);
    }
    if (chosen.empty()) continue;
    if (disk_.is_cut()) return;  // What was listed may itself never have been.
    one.acknowledged = !(*session)->commit_deletions(conformance::numbers(chosen)).has_error() && !disk_.is_cut();
    const std::lock_guard lock(mutex_);
    deleted_.push_back(std::move(one));
  }
}

std::set<PowerCutTrial::Place> PowerCutTrial::look() {
  std::set<Place> found;
  for (std::uint64_t n = 0; n < drops; ++n) {
    const std::string drop = nth_drop(n);
    try {
      const auto messages = conformance::contents(*store_, drop);
      for (const std::string& message : messages) {
        const std::uint64_t token = token_of(message);
        if (message != message_of(token)) complain("a message in " + drop + " has other octets");
        if (!found.emplace(drop, token).second) complain("a message is twice in " + drop);
      }
      const auto counters = conformance::drop_listing(*store_, drop);
      if (counters != value_of(store_->recount(conformance::drop(drop)))) complain("wrong counters in " + drop);
      if (counters.messages != messages.size()) complain("wrong count in " + drop);
    } catch (const std::exception& failure) {
      complain(drop + " cannot be read: " + failure.what());
    }
  }
  return found;
}

void PowerCutTrial::judge(const std::set<Place>& found) {
  std::set<Place> possible = before_;
  for (const Delivered& one : delivered_) {
    for (const std::string& drop : one.drops) possible.emplace(drop, one.token);
  }
  for (const Place& place : found) {
    if (!possible.contains(place)) complain("a message that was deleted long ago is back in " + place.first);
  }
  judge_deliveries(found);
  judge_deletions(found);
}

void PowerCutTrial::judge_deliveries(const std::set<Place>& found) {
  std::set<Place> touched;
  for (const Deleted& one : deleted_) {
    for (const std::uint64_t token : one.tokens) touched.emplace(one.drop, token);
  }
  const auto is_missing = [&](const Place& place) { return !found.contains(place) && !touched.contains(place); };
  for (const Place& place : before_) {
    if (is_missing(place)) complain("a message from before is gone from " + place.first);
  }
  for (const Delivered& one : delivered_) {
    const auto missing =
        std::ranges::count_if(one.drops, [&](const std::string& drop) { return is_missing({drop, one.token}); });
    if (one.acknowledged && missing > 0) complain("an acknowledged message is gone");
    if (!one.acknowledged && missing > 0 && missing < std::ssize(one.drops)) complain("half a delivery is there");
  }
}

void PowerCutTrial::judge_deletions(const std::set<Place>& found) {
  std::set<Place> gone_for_sure;
  for (const Deleted& one : deleted_) {
    if (!one.acknowledged) continue;
    for (const std::uint64_t token : one.tokens) gone_for_sure.emplace(one.drop, token);
  }
  for (const Place& place : gone_for_sure) {
    if (found.contains(place)) complain("an acknowledged deletion is undone in " + place.first);
  }
  for (const Deleted& one : deleted_) {
    std::size_t open_to_doubt = 0;
    std::size_t there = 0;
    for (const std::uint64_t token : one.tokens) {
      if (gone_for_sure.contains({one.drop, token})) continue;
      ++open_to_doubt;
      if (found.contains({one.drop, token})) ++there;
    }
    const bool alone = std::ranges::count_if(deleted_, [&](const Deleted& other) {
                         return !other.acknowledged && other.drop == one.drop;
                       }) == 1;
    if (!one.acknowledged && alone && there > 0 && there < open_to_doubt) complain("half a deletion was done");
  }
}

void PowerCutTrial::complain(std::string what) {
  const std::lock_guard lock(mutex_);
  complaints_.push_back(std::move(what));
}

}  // namespace fermo::crash
