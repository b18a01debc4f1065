#pragma once

#include <string>

#include "base/secret.h"

namespace fermo::sasl {

/// A user name and password as a client gave them (USER/PASS, SASL PLAIN), not yet verified.
struct PasswordLogin {
  std::string authorization_identity;   ///< Whose maildrop is wanted; empty: the user's own (RFC 4616 §2).
  std::string authentication_identity;  ///< Whose password this is.
  Secret password;
};

/// What a verifier says about a login. Only `accepted` lets anybody in.
enum class Verdict {
  accepted,
  refused,   ///< No such user, wrong password or not allowed to act for somebody else: never told apart (RFC 3206
             ///< [AUTH]).
  disabled,  ///< The password is right, but the account may not use this service.
  throttled,  ///< Too many have failed of late: this one was not looked at.
};

}  // namespace fermo::sasl
