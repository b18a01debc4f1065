#include "auth/throttled_authenticator.h"

#include <string>

namespace fermo::auth {

Result<account::LoginDecision> ThrottledAuthenticator::verify(const account::LoginAttempt& attempt) {
  if (exempt_(attempt)) return next_.verify(attempt);
  // What is no name at all counts for its origin, and for one account that nobody has.
  const std::string account = account::canonical_name(attempt.login.authentication_identity).value_or(std::string());
  if (!limiter_.begin(attempt.origin, account)) return account::LoginDecision{sasl::Verdict::throttled, {}};
  auto decision = next_.verify(attempt);
  if (!decision) {
    limiter_.was_undecided(attempt.origin, account);
  } else if (decision->verdict != sasl::Verdict::refused) {
    limiter_.was_right(attempt.origin, account);
  }
  return decision;
}

}  // namespace fermo::auth
