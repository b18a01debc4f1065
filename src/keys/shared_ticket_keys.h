#pragma once

#include <chrono>
#include <mutex>
#include <optional>

#include "base/result.h"
#include "keys/key_client.h"
#include "tickets/ticket_keys.h"

namespace fermo::keys {

/// The ticket keys of the process that makes them, kept until it has newer ones. When it does not answer then, the old
/// ones are used on: it is being started anew, and handshakes that need no ticket fail until it is there. Thread-safe.
class SharedTicketKeys final : public tickets::TicketKeySource {
 public:
  /// `client` must outlive it.
  explicit SharedTicketKeys(KeyClient& client) : client_(client) {}
  ~SharedTicketKeys() override;
  SharedTicketKeys(const SharedTicketKeys&) = delete;
  SharedTicketKeys& operator=(const SharedTicketKeys&) = delete;

  std::optional<tickets::TicketKey> current() override;
  std::optional<tickets::FoundTicketKey> find(const tickets::TicketKey::Name& name) override;

  /// Asks at the next use, whatever the time: the process that makes them was started anew.
  void forget_time();

 private:
  using Clock = std::chrono::steady_clock;

  /// False when there are none.
  bool renew();
  void wipe();

  KeyClient& client_;
  std::mutex mutex_;
  std::optional<tickets::TicketKeySet> set_;
  Clock::time_point ask_at_;
};

}  // namespace fermo::keys
