#include "pop3/client_login_methods.h"

#include <algorithm>
#include <array>
#include <span>

namespace fermo::pop3::client {
namespace {

using sasl::Mechanism;

// Under TLS CRAM-MD5 comes behind PLAIN: it would spare the server the sight of a password that it has to keep readable
// for it, and it is announced by servers that keep only hashes, where it always fails. Where both tokens are taken, the
// one that has an RFC goes first.
const std::array safest_first_under_tls = {
    LoginMethod(Mechanism::scram_sha_256_plus),
    LoginMethod(Mechanism::scram_sha_1_plus),
    LoginMethod(Mechanism::scram_sha_256),
    LoginMethod(Mechanism::scram_sha_1),
    LoginMethod(Mechanism::plain),
    LoginMethod(Mechanism::login),
    LoginMethod(Mechanism::cram_md5),
    LoginMethod(UserPass{}),
    LoginMethod(Mechanism::oauthbearer),
    LoginMethod(Mechanism::xoauth2),
    LoginMethod(Mechanism::external),
};

const std::array safest_first_in_the_clear = {
    LoginMethod(Mechanism::scram_sha_256), LoginMethod(Mechanism::scram_sha_1), LoginMethod(Mechanism::cram_md5),
    LoginMethod(Mechanism::plain),         LoginMethod(Mechanism::login),       LoginMethod(UserPass{}),
    LoginMethod(Mechanism::oauthbearer),   LoginMethod(Mechanism::xoauth2),     LoginMethod(Mechanism::external),
};

CredentialKind kind_of(const LoginMethod& method) {
  const auto* mechanism = std::get_if<Mechanism>(&method);
  if (mechanism == nullptr) return CredentialKind::password;
  if (sasl::takes_token(*mechanism)) return CredentialKind::token;
  return *mechanism == Mechanism::external ? CredentialKind::certificate : CredentialKind::password;
}

bool reveals_secret(const LoginMethod& method) {
  if (const auto* mechanism = std::get_if<Mechanism>(&method)) return sasl::reveals_secret(*mechanism);
  return std::holds_alternative<UserPass>(method);
}

class Filter {
 public:
  Filter(const Settings& settings, const Capabilities& capabilities, const LoginContext& context)
      : settings_(settings), capabilities_(capabilities), context_(context) {}

  bool passes(const LoginMethod& method) const {
    return kind_of(method) == settings_.kind && announced(method) &&
           (context_.tls_active || settings_.plaintext_logins || !reveals_secret(method));
  }

 private:
  bool announced(const LoginMethod& method) const {
    if (std::holds_alternative<Apop>(method)) return context_.apop_possible;
    // Some servers have it and do not say so; it is the last one anyway.
    if (std::holds_alternative<UserPass>(method)) return true;
    const auto mechanism = std::get<Mechanism>(method);
    if (sasl::binds_channel(mechanism) && !context_.channel_binding) return false;
    if (!capabilities_.known) return wished() || settings_.kind != CredentialKind::password;
    return std::ranges::find(capabilities_.sasl, sasl::name_of(mechanism)) != capabilities_.sasl.end();
  }

  bool wished() const { return !settings_.methods.empty(); }

  const Settings& settings_;
  const Capabilities& capabilities_;
  const LoginContext& context_;
};

std::span<const LoginMethod> candidates(const Settings& settings, const LoginContext& context) {
  if (!settings.methods.empty()) return settings.methods;
  if (context.tls_active) return safest_first_under_tls;
  return safest_first_in_the_clear;
}

}  // namespace

std::string_view name_of(const LoginMethod& method) {
  if (const auto* mechanism = std::get_if<Mechanism>(&method)) return sasl::name_of(*mechanism);
  return std::holds_alternative<UserPass>(method) ? "USER" : "APOP";
}

std::vector<LoginMethod> login_methods(const Settings& settings, const Capabilities& capabilities,
                                       const LoginContext& context) {
  const Filter filter(settings, capabilities, context);
  std::vector<LoginMethod> methods;
  for (const auto& method : candidates(settings, context)) {
    if (filter.passes(method)) methods.push_back(method);
  }
  return methods;
}

}  // namespace fermo::pop3::client
