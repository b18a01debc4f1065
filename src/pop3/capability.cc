#include "pop3/capability.h"

#include "pop3/reply.h"

namespace fermo::pop3 {
namespace {

void add(std::string& reply, std::string_view capability) {
  reply.append(capability).append("\r\n");
}

void add_expire(std::string& reply, const ServerSettings& settings) {
  if (settings.expire_never) return add(reply, "EXPIRE NEVER");
  if (settings.expire_days) add(reply, "EXPIRE " + std::to_string(*settings.expire_days));
}

}  // namespace

bool stls_possible(const ServerSettings& settings, CapabilityContext context) {
  return settings.tls_available && !context.tls_active && !context.authenticated;
}

bool password_logins_possible(const ServerSettings& settings, bool tls_active) {
  return tls_active || settings.plaintext_logins;
}

std::string capability_reply(const ServerSettings& settings, CapabilityContext context) {
  std::string reply = ok("Capability list follows");
  add(reply, "TOP");
  add(reply, "UIDL");
  if (password_logins_possible(settings, context.tls_active)) {
    add(reply, "USER");
    add(reply, "SASL PLAIN");
  }
  if (stls_possible(settings, context)) add(reply, "STLS");
  add(reply, "PIPELINING");
  add(reply, "RESP-CODES");
  add(reply, "AUTH-RESP-CODE");
  if (settings.login_delay) add(reply, "LOGIN-DELAY " + std::to_string(settings.login_delay->count()));
  add_expire(reply, settings);
  if (!settings.implementation.empty()) add(reply, "IMPLEMENTATION " + settings.implementation);
  return reply.append(end_of_lines);
}

}  // namespace fermo::pop3
