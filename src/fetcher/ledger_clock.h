#pragma once

#include <atomic>
#include <functional>

#include "base/clock.h"

namespace fermo::fetcher {

/// Whether the kernel takes the machine's clock for right: somebody has set it, by NTP for one. True where the kernel
/// does not say.
bool is_clock_set();

/// The clock that ledgers are written by. A machine without a battery for its clock begins in the past and is set right
/// when the network is there: until then it is no earlier than what the ledger already knows of, or what is delivered
/// now would be taken for weeks old afterwards, and be deleted on the server. Thread-safe.
class LedgerClock final : public Clock {
 public:
  /// `clock` must outlive this.
  explicit LedgerClock(const Clock& clock, std::function<bool()> is_set = is_clock_set)
      : clock_(clock), is_set_(std::move(is_set)) {}

  /// The ledger knows of this time.
  void learn(Timestamp time);
  Timestamp now() const override;

 private:
  const Clock& clock_;
  const std::function<bool()> is_set_;
  std::atomic<Timestamp> known_{Timestamp::min()};
};

}  // namespace fermo::fetcher
