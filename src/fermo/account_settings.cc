#include "fermo/account_settings.h"

#include <memory>
#include <optional>
#include <utility>

#include "fermo/fetch_mail_server.h"
#include "fermo/fetch_secret.h"
#include "fermo/fetch_target.h"
#include "fermo/table.h"
#include "fetch_accounts/providers.h"
#include "fetcher/server_address.h"
#include "runtime/tls_client_context.h"

namespace fermo::commands {
namespace {

using fetch_accounts::Account;
using Kind = fetch_accounts::SecretSource::Kind;

Outcome<std::shared_ptr<const runtime::TlsClientContext>> tls_of(const Account& account, const Console& console) {
  using Context = std::shared_ptr<const runtime::TlsClientContext>;
  if (fetcher::address_of(account.server).tls == pop3::client::Tls::none) return Context();
  runtime::TlsTrust trust;
  trust.authorities = account.authorities;
  for (const auto& text : account.pins) {
    if (const auto pin = runtime::parse_pin(text)) trust.pins.push_back(*pin);
  }
  auto context = runtime::TlsClientContext::load(std::move(trust), "pop3");
  if (context) return std::move(*context);
  console.complain(context.problem());
  return ExitCode::configuration;
}

bool has_login(const std::optional<fetch::ProxyUrl>& proxy) {
  return proxy && !proxy->user.empty();
}

Outcome<Secret> read_account_secret(const Account& account, const Console& console) {
  const std::string what = account.token ? "Token" : "Password";
  return read_secret(secret_source_of(account), what + " of " + printable(account.name) + ": ", console);
}

Outcome<Secret> read_proxy_secret(const Account& account, const Console& console) {
  SecretSource source;
  source.file = account.proxy_password_file;
  return read_secret(source, "Password of " + printable(account.proxy->user) + " at the proxy: ", console);
}

using ReadSecret = Outcome<Secret> (*)(const Account& account, const Console& console);

Outcome<Secret> secret_of(const Account& account, const std::map<std::string, Secret>& taken, ReadSecret read,
                          const Console& console) {
  const auto found = taken.find(fetch_accounts::ledger_name(account));
  return found == taken.end() ? read(account, console) : Outcome<Secret>(found->second);
}

Outcome<std::optional<fetcher::ProxyAddress>> proxy_of(const Account& account, const TakenSecrets& taken,
                                                       const Console& console) {
  if (!account.proxy) return std::optional<fetcher::ProxyAddress>();
  fetcher::ProxyAddress proxy{account.proxy->host, account.proxy->port, {}};
  if (has_login(account.proxy)) {
    auto secret = secret_of(account, taken.of_proxies, read_proxy_secret, console);
    if (!secret) return secret.error();
    proxy.login = fetcher::socks5::Login{account.proxy->user, std::move(*secret)};
  }
  return std::optional(std::move(proxy));
}

bool shows_a_part(const Account& account) {
  const auto* const provider = fetch_accounts::provider_of_server(account.server.host);
  return provider != nullptr && provider->in_batches;
}

}  // namespace

Outcome<void> take_secrets(const Account& account, TakenSecrets& taken, const Console& console) {
  const std::string name = fetch_accounts::ledger_name(account);
  if (account.secret.kind == Kind::ask || account.secret.kind == Kind::environment) {
    auto secret = read_account_secret(account, console);
    if (!secret) return secret.error();
    taken.of_accounts.insert_or_assign(name, std::move(*secret));
  }
  if (has_login(account.proxy) && account.proxy_password_file.empty()) {
    auto secret = read_proxy_secret(account, console);
    if (!secret) return secret.error();
    taken.of_proxies.insert_or_assign(name, std::move(*secret));
  }
  auto target = read_target(account.target);
  const bool sends = target && target->kind == TargetName::Kind::mail_server;
  if (sends && asks_for_secret(target->url, account.target_access)) {
    auto secret = read_target_secret(target->url, account.target_access, console);
    if (!secret) return secret.error();
    taken.of_targets.insert_or_assign(name, std::move(*secret));
  }
  return {};
}

Outcome<fetcher::AccountSettings> settings_of(const Account& account, const TakenSecrets& taken,
                                              const Console& console) {
  const auto tls = tls_of(account, console);
  if (!tls) return tls.error();
  auto secret = secret_of(account, taken.of_accounts, read_account_secret, console);
  if (!secret) return secret.error();
  auto proxy = proxy_of(account, taken, console);
  if (!proxy) return proxy.error();
  fetcher::AccountSettings settings;
  settings.server = fetcher::address_of(account.server);
  settings.proxy = std::move(*proxy);
  settings.account = fetch_accounts::ledger_name(account);
  settings.user = account.user;
  settings.secret = std::move(*secret);
  if (account.token) settings.kind = pop3::client::CredentialKind::token;
  settings.plaintext_logins = account.allow_plaintext;
  settings.tls = *tls;
  settings.policy = account.policy;
  settings.in_batches = shows_a_part(account);
  if (account.timeout) settings.time_max = *account.timeout;
  return settings;
}

}  // namespace fermo::commands
