#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/limits.h"

namespace fermo::auth {

struct GuessLimits {
  std::size_t per_origin = limits::guesses_per_address_max;   ///< In any one minute.
  std::size_t per_account = limits::guesses_per_account_max;  ///< In any one minute, from all origins together.
};

/// Counts failed logins, by where they came from and by whom they were for, and says when to wait. An attempt counts
/// from the moment it begins, so that many at once are no way around; one that was right is taken back.
///
/// Somebody who guesses at an account from many places must not lock its owner out. So an origin from which the account
/// was logged in to before is let through however much others have guessed, and a fifth of what an account may be
/// guessed at is kept for networks (an IPv4 /24, an IPv6 /48) from which nobody has failed at it lately, of which the
/// one of the owner's new telephone is one. Neither gets around the limit of its origin. Names that do not exist are
/// counted like those that do. Thread-safe; never blocks.
class GuessLimiter {
 public:
  GuessLimiter(const Clock& clock, GuessLimits limits) : clock_(clock), limits_(limits) {}

  /// Counts an attempt; false: it is one too many, is not counted, and nothing may be said about it.
  bool begin(std::string_view origin, std::string_view account);
  /// The attempt that began was right.
  void was_right(std::string_view origin, std::string_view account);
  /// The attempt that began could not be decided.
  void was_undecided(std::string_view origin, std::string_view account);

 private:
  using Times = std::deque<Timestamp>;

  /// Times by name. The one that was used longest ago is forgotten when there are too many. Names are strangers'
  /// choice: in an ordered map none make each other slow to find, as they can in a table of hashes.
  class Counts {
   public:
    explicit Counts(std::chrono::minutes window) : window_(window) {}
    /// The times that are no older than the window.
    Times& of(std::string_view name, Timestamp now);
    void take_back(std::string_view name);

   private:
    using Entries = std::list<std::pair<std::string, Times>>;
    const std::chrono::minutes window_;
    Entries by_use_;  ///< The last used one first.
    std::map<std::string_view, Entries::iterator> entries_;
  };

  /// Origins from which an account was logged in to.
  class Known {
   public:
    bool contains(const std::string& pair) const { return pairs_.contains(pair); }
    void insert(const std::string& pair);

   private:
    std::list<std::string> by_age_;  ///< The newest first.
    std::set<std::string_view> pairs_;
  };

  bool may_guess(const std::string& pair, const Times& from_network, const Times& at_account) const;

  const Clock& clock_;
  const GuessLimits limits_;
  std::mutex mutex_;
  Counts origins_{std::chrono::minutes(1)};
  Counts accounts_{std::chrono::minutes(1)};
  Counts networks_{limits::newcomer_time_min};  ///< By network and account.
  Known known_;
};

}  // namespace fermo::auth
