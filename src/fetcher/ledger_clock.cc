#include "fetcher/ledger_clock.h"

#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>

namespace fermo::fetcher {

bool is_clock_set() {
  struct timex state{};
  // Not by adjtimex(3): it makes another call, which containers do not allow.
  return ::syscall(SYS_adjtimex, &state) != TIME_ERROR || (state.status & STA_UNSYNC) == 0;
}

void LedgerClock::learn(Timestamp time) {
  known_ = std::max(known_.load(), time);
}

Timestamp LedgerClock::now() const {
  const Timestamp now = clock_.now();
  const Timestamp known = known_;
  return now < known && !is_set_() ? known : now;
}

}  // namespace fermo::fetcher
