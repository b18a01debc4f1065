#pragma once

#include <optional>
#include <string>

#include "account/account.h"
#include "base/result.h"
#include "sasl/password_login.h"

namespace fermo::account {

/// A login to be decided on.
struct LoginAttempt {
  sasl::PasswordLogin login;
  std::string peer;     ///< The client's address without the port; empty on a unix socket.
  std::string service;  ///< "pop3".
  std::string origin;   ///< What failures are counted by: an IPv4 address or an IPv6 /64.
};

struct LoginDecision {
  sasl::Verdict verdict = sasl::Verdict::refused;
  std::optional<Account> account;  ///< Set when, and only when, `verdict` is accepted.
};

/// Decides who is who. Blocking (a password hash takes a core for tens of milliseconds): call it in the pool made for it.
/// Plain values in and out, so that another process can stand behind it. Thread-safe.
class Authenticator {
 public:
  virtual ~Authenticator() = default;

  /// An error means that it could not be decided (the user database cannot be read); nobody is let in, and the client is told
  /// to try again.
  virtual Result<LoginDecision> verify(const LoginAttempt& attempt) = 0;
};

}  // namespace fermo::account
