#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>

#include "server/peer.h"

namespace fermo::server {

/// Counts connections, in all and from each address, and says when there are too many. Thread-safe; must outlive its
/// tickets.
class Admission {
 public:
  struct Limits {
    std::size_t in_all;
    std::size_t per_address;  ///< Of one IPv4 address or one IPv6 /64.
  };
  enum class Refusal { too_many_in_all, too_many_from_address };

  /// One connection that counts, until it is destroyed.
  class Ticket {
   public:
    Ticket(Ticket&& other) noexcept
        : admission_(std::exchange(other.admission_, nullptr)), allotment_(std::move(other.allotment_)) {}
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket() {
      if (admission_ != nullptr) admission_->leave(allotment_);
    }

   private:
    friend class Admission;
    Ticket(Admission* admission, std::string allotment) : admission_(admission), allotment_(std::move(allotment)) {}
    Admission* admission_;
    std::string allotment_;
  };

  explicit Admission(Limits limits) : limits_(limits) {}

  std::variant<Ticket, Refusal> admit(const Peer& peer);
  /// Holds for connections that come from now on.
  void set_limits(Limits limits);
  std::size_t in_all() const;

 private:
  void leave(const std::string& allotment);

  mutable std::mutex mutex_;
  Limits limits_;
  std::size_t in_all_ = 0;
  std::unordered_map<std::string, std::size_t> from_;
};

}  // namespace fermo::server
