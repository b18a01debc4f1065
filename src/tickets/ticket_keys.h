#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>

namespace fermo::tickets {

/// What session tickets are sealed with (RFC 5077, RFC 8446 §4.6.1). Whoever learns one can read the sessions that were
/// resumed under it, so it lives in memory alone and only for a while.
struct TicketKey {
  using Name = std::array<std::byte, 16>;
  Name name;
  std::array<std::byte, 32> cipher;  ///< AES-256-CBC
  std::array<std::byte, 32> mac;     ///< HMAC-SHA-256

  friend bool operator==(const TicketKey&, const TicketKey&) = default;
};

/// The keys that are good at one moment.
struct TicketKeySet {
  TicketKey current;                    ///< For new tickets.
  std::optional<TicketKey> previous;    ///< Opens old ones.
  std::chrono::milliseconds time_left;  ///< Until another one becomes the current one.
};

struct FoundTicketKey {
  TicketKey key;
  bool current;  ///< False: the ticket is good, but the client should get a new one.
};

/// Where a TLS server finds the keys of its tickets. Thread-safe.
class TicketKeySource {
 public:
  virtual ~TicketKeySource() = default;
  /// The key for new tickets; nothing when there is none at the moment.
  virtual std::optional<TicketKey> current() = 0;
  /// The key that a ticket names; nothing when it is unknown or too old.
  virtual std::optional<FoundTicketKey> find(const TicketKey::Name& name) = 0;
};

/// Makes the keys and renews them. Thread-safe.
class TicketKeys {
 public:
  using Clock = std::chrono::steady_clock;

  /// Keys are renewed when `lifetime` old and then open old tickets for as long again.
  explicit TicketKeys(Clock::duration lifetime) : lifetime_(lifetime) {}
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  TicketKey current(Clock::time_point now);
  std::optional<FoundTicketKey> find(const TicketKey::Name& name, Clock::time_point now);
  TicketKeySet all(Clock::time_point now);

 private:
  struct Made {
    TicketKey key;
    Clock::time_point at;
  };

  void renew(Clock::time_point now);
  static void wipe(std::optional<Made>& made);

  const Clock::duration lifetime_;
  std::mutex mutex_;
  std::optional<Made> current_;
  std::optional<Made> previous_;
};

/// Keys of this process, by its own clock. Thread-safe.
class OwnTicketKeys final : public TicketKeySource {
 public:
  explicit OwnTicketKeys(TicketKeys::Clock::duration lifetime) : keys_(lifetime) {}
  std::optional<TicketKey> current() override { return keys_.current(TicketKeys::Clock::now()); }
  std::optional<FoundTicketKey> find(const TicketKey::Name& name) override {
    return keys_.find(name, TicketKeys::Clock::now());
  }

 private:
  TicketKeys keys_;
};

}  // namespace fermo::tickets
