#pragma once

#include <string>

#include "pop3/server_session.h"

namespace fermo::pop3 {

/// Where a session stands, as far as its capabilities depend on it.
struct CapabilityContext {
  bool tls_active = false;
  bool authenticated = false;
};

/// Whether STLS would be obeyed here and now.
bool stls_possible(const ServerSettings& settings, CapabilityContext context);

/// Whether a password would be read here and now (RFC 8314 §4.1), and so whether USER, PASS and AUTH PLAIN are of use.
bool password_logins_possible(const ServerSettings& settings, bool tls_active);

/// The whole reply to CAPA (RFC 2449 §5). What is listed before login is listed after it too, except STLS (RFC 2595
/// §4).
std::string capability_reply(const ServerSettings& settings, CapabilityContext context);

}  // namespace fermo::pop3
