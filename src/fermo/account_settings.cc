#include "fermo/account_settings.h"

#include <utility>

#include "fermo/fetch_secret.h"
#include "fermo/table.h"
#include "fetcher/server_address.h"
#include "runtime/tls_client_context.h"

namespace fermo::commands {

Outcome<fetcher::AccountSettings> settings_of(const fetch_accounts::Account& account, const Console& console) {
  runtime::TlsTrust trust;
  trust.authorities = account.authorities;
  for (const std::string& text : account.pins) {
    if (const auto pin = runtime::parse_pin(text)) trust.pins.push_back(*pin);
  }
  auto tls = runtime::TlsClientContext::load(std::move(trust), "pop3");
  if (!tls) {
    console.complain(printable(account.name) + ": " + tls.problem());
    return ExitCode::configuration;
  }
  const std::string what = account.token ? "Token" : "Password";
  auto secret = read_secret(secret_source_of(account), what + " of " + printable(account.name) + ": ", console);
  if (!secret) return secret.error();

  fetcher::AccountSettings settings;
  settings.server = fetcher::address_of(account.server);
  settings.account = fetch_accounts::ledger_name(account);
  settings.user = account.user;
  settings.secret = std::move(*secret);
  if (account.token) settings.kind = pop3::client::CredentialKind::token;
  settings.plaintext_logins = account.allow_plaintext;
  settings.tls = std::move(*tls);
  settings.policy = account.policy;
  if (account.timeout) settings.time_max = *account.timeout;
  return settings;
}

}  // namespace fermo::commands
