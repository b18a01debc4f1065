#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/limits.h"
#include "base/secret.h"

namespace fermo::auth {

/// Remembers which credentials were found right, so that a client that polls every minute does not cost a hash each
/// time.
///
/// It holds no password and nothing to guess one from: an entry is HMAC-SHA256 over (user, stored hash, password), each
/// with its length before it, under a key that this object drew at random and never tells. A user whose stored hash has
/// changed has another fingerprint, so an old entry cannot let anybody in. Wrong passwords are not remembered: an
/// attacker makes as many as they like, would push out everybody else's entries with them, and would get faster answers
/// for their trouble. Thread-safe; never blocks for long.
class VerifiedCache {
 public:
  using Fingerprint = std::array<std::byte, 32>;

  explicit VerifiedCache(const Clock& clock, std::size_t entries_max = limits::verified_logins_max,
                         std::chrono::seconds time_max = limits::verified_login_time_max);
  ~VerifiedCache();
  VerifiedCache(const VerifiedCache&) = delete;
  VerifiedCache& operator=(const VerifiedCache&) = delete;

  Fingerprint fingerprint(std::string_view user, std::string_view stored_hash, const Secret& password) const;

  /// Whether these credentials were verified less than `time_max` ago. A hit makes the entry the last to be pushed out,
  /// but does not make it live longer.
  bool contains(const Fingerprint& fingerprint);
  /// Remembers verified credentials; pushes out the ones that were used longest ago when there are too many.
  void insert(const Fingerprint& fingerprint);
  /// Forgets everything when `generation` is greater than in any call before: the password file has changed.
  void use_generation(std::uint64_t generation);
  std::size_t size() const;

 private:
  struct Entry {
    Fingerprint fingerprint;
    Timestamp verified_at;
  };
  struct Hash {
    std::size_t operator()(const Fingerprint& fingerprint) const noexcept;
  };

  const Clock& clock_;
  const std::size_t entries_max_;
  const std::chrono::seconds time_max_;
  std::array<unsigned char, 32> key_;
  mutable std::mutex mutex_;
  std::uint64_t generation_ = 0;
  std::list<Entry> by_use_;  ///< The last used one first.
  std::unordered_map<Fingerprint, std::list<Entry>::iterator, Hash> entries_;
};

}  // namespace fermo::auth
