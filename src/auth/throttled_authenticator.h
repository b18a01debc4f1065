#pragma once

#include <functional>
#include <utility>

#include "account/authenticator.h"
#include "auth/guess_limiter.h"
#include "base/clock.h"

namespace fermo::auth {

/// Stands before another authenticator and lets nobody guess too often: what is too much gets Verdict::throttled
/// without having been looked at, whether right or wrong, and costs no hash. Thread-safe.
class ThrottledAuthenticator final : public account::Authenticator {
 public:
  /// Whether an attempt is not to be counted, for where it came from. Must be thread-safe.
  using Exempt = std::function<bool(const account::LoginAttempt& attempt)>;

  /// `next` and `clock` must outlive this object.
  ThrottledAuthenticator(account::Authenticator& next, const Clock& clock, GuessLimits limits, Exempt exempt)
      : next_(next), limiter_(clock, limits), exempt_(std::move(exempt)) {}

  Result<account::LoginDecision> verify(const account::LoginAttempt& attempt) override;

 private:
  account::Authenticator& next_;
  GuessLimiter limiter_;
  const Exempt exempt_;
};

}  // namespace fermo::auth
