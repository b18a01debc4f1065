#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>

#include "server/peer.h"

namespace fermo::server {

/// Counts connections, in all and from each address, and says when there are too many. When there are too many in all,
/// one that has not logged in makes room: the oldest of the address that has most of those, so that a flood pushes out
/// itself; where several addresses have as many, the oldest of all of theirs. Thread-safe; must outlive its tickets.
class Admission {
 public:
  struct Limits {
    std::size_t in_all;
    std::size_t per_address;  ///< Of one IPv4 address or one IPv6 /64.
  };
  enum class Refusal { too_many_in_all, too_many_from_address };
  /// Has the connection end soon. Called at most once, by the thread that admits another one; must not block.
  using Evict = std::function<void()>;

  /// One connection that counts, until it is destroyed.
  class Ticket {
   public:
    Ticket(Ticket&& other) noexcept
        : admission_(std::exchange(other.admission_, nullptr)),
          id_(other.id_),
          origin_(std::move(other.origin_)),
          evictable_(other.evictable_) {}
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket() {
      if (admission_ != nullptr) admission_->leave(*this);
    }
    /// Its peer has shown who it is: from now on it makes room for nobody.
    void keep() { admission_->keep(*this); }

   private:
    friend class Admission;
    Ticket(Admission* admission, std::uint64_t id, std::string origin, bool evictable)
        : admission_(admission), id_(id), origin_(std::move(origin)), evictable_(evictable) {}
    Admission* admission_;
    std::uint64_t id_;
    std::string origin_;
    bool evictable_;  ///< Or evicted by now.
  };

  explicit Admission(Limits limits) : limits_(limits) {}

  std::variant<Ticket, Refusal> admit(const Peer& peer, Evict evict);
  /// Holds for connections that come from now on.
  void set_limits(Limits limits);
  std::size_t in_all() const;

 private:
  struct Origin {
    std::size_t connections = 0;
    std::map<std::uint64_t, Evict> evictable;  ///< Of these; the oldest first.
  };
  using Origins = std::unordered_map<std::string, Origin>;
  /// An origin that has connections to evict.
  struct Rank {
    std::size_t evictable;
    std::uint64_t oldest;
    std::string origin;
    /// Who makes room first comes first.
    friend bool operator<(const Rank& one, const Rank& other) {
      return one.evictable != other.evictable ? one.evictable > other.evictable : one.oldest < other.oldest;
    }
  };

  bool address_is_full(const Peer& peer, const std::string& origin) const;
  Evict make_room();
  void leave(const Ticket& ticket);
  void keep(Ticket& ticket);
  Evict take_evictable(Origins::iterator origin, std::uint64_t id);
  void add_evictable(Origins::iterator origin, std::uint64_t id, Evict evict);
  void count_out(Origins::iterator origin);
  static Rank rank_of(Origins::iterator origin);

  mutable std::mutex mutex_;
  Limits limits_;
  std::size_t in_all_ = 0;
  std::uint64_t ids_ = 0;
  Origins origins_;
  std::set<Rank> ranks_;
};

}  // namespace fermo::server
