#pragma once

#include <vector>

#include "pop3/client_session.h"

namespace fermo::pop3::client {

/// Where a session stands, as far as the ways to log in depend on it.
struct LoginContext {
  bool tls_active = false;
  bool apop_possible = false;  ///< The greeting had a timestamp, and no STLS came after it.
  bool channel_binding = false;
};

/// The ways to log in that the settings allow, the credentials suit and the server announces, the one to be tried first
/// in front. Nothing in it would reveal a password or token without TLS unless the settings allow that.
std::vector<LoginMethod> login_methods(const Settings& settings, const Capabilities& capabilities,
                                       const LoginContext& context);

}  // namespace fermo::pop3::client
