#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>

namespace fermo::runtime {

/// The keys that session tickets are sealed with (RFC 5077, RFC 8446 §4.6.1). Whoever learns one can read the sessions
/// that were resumed under it, so they live in memory alone and only for a while. Thread-safe.
class TicketKeys {
 public:
  using Clock = std::chrono::steady_clock;
  using Name = std::array<std::byte, 16>;

  struct Key {
    Name name;
    std::array<std::byte, 32> cipher;  ///< AES-256-CBC
    std::array<std::byte, 32> mac;     ///< HMAC-SHA-256
    Clock::time_point made_at;
  };
  struct Found {
    Key key;
    bool current;  ///< False: the ticket is good, but the client should get a new one.
  };

  /// Keys are renewed when `lifetime` old and then open old tickets for as long again.
  explicit TicketKeys(Clock::duration lifetime) : lifetime_(lifetime) {}
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  /// The key for new tickets.
  Key current(Clock::time_point now);
  /// The key that a ticket names; nothing when it is unknown or too old.
  std::optional<Found> find(const Name& name, Clock::time_point now);

 private:
  void renew(Clock::time_point now);

  const Clock::duration lifetime_;
  std::mutex mutex_;
  std::optional<Key> current_;
  std::optional<Key> previous_;
};

}  // namespace fermo::runtime
