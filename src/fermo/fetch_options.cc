#include "fermo/fetch_options.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <utility>

#include "fermo/account_commands.h"
#include "fermo/accounts_file.h"
#include "fermo/complaints.h"
#include "fermo/fetch_target.h"
#include "fermo/table.h"
#include "fetch/policy_text.h"
#include "fetch/server_url.h"
#include "fetch_accounts/account_file.h"
#include "runtime/tls_client_context.h"

namespace fermo::commands {
namespace {

using fetch_accounts::Account;

void add_account_options(CLI::App& app, FetchOptions& options) {
  CLI::Option* const server = app.add_option("--server", options.server,
                                             "pop3s://HOST[:PORT], pop3+stls://HOST[:PORT] or pop3://HOST[:PORT]; "
                                             "without it the accounts of the file are fetched")
                                  ->type_name("URL");
  app.add_option("--user", options.user, "Whom to log in as")->type_name("NAME")->needs(server);
  options.secret.add_to(app);
  app.add_flag("--token", options.token, "The password is an OAuth access token")->needs(server);
  app.add_option("--ca", options.authorities, "PEM file of the certificates to trust in place of the system's")
      ->type_name("FILE")
      ->needs(server);
  app.add_option("--pin", options.pins, "SHA-256 of the server's public key: sha256//BASE64; may be repeated")
      ->type_name("PIN")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->needs(server);
  app.add_flag("--allow-plaintext", options.plaintext, "Take pop3:// and send the password without TLS")->needs(server);
}

void add_policy_options(CLI::App& app, FetchOptions& options) {
  app.add_option("--to", options.target,
                 "maildir:DIR, mbox:FILE, maildrop:USER, a URL of lmtp, smtp or imap, or command:PROGRAM")
      ->type_name("TARGET");
  options.target_options.add_to(app);
  app.add_option("--mode", options.mode,
                 "What becomes of fetched mail on the server: " + std::string(fetch::modes_for_people))
      ->type_name("MODE");
  app.add_option("--first-run", options.first_run, "What the first run fetches: all, or from-now")
      ->type_name("WHAT")
      ->check(CLI::IsMember({"all", "from-now"}));
  app.add_flag("--headers-only", options.headers_only, "Fetch headers only");
  app.add_option("--limit-octets", options.octets_max, "Of longer messages fetch the head and 20 lines only")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  app.add_option("--limit-messages", options.messages_max, "Fetch so many at most; later runs fetch the others")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
}

void add_connection_options(CLI::App& app, FetchOptions& options) {
  CLI::Option* const proxy =
      app.add_option("--proxy", options.proxy, "SOCKS5 proxy to go through: socks5://[USER@]HOST[:PORT]")
          ->type_name("URL");
  app.add_option("--proxy-password-file", options.proxy_password_file,
                 "File with the proxy's password in its first line, mode 0600")
      ->type_name("FILE")
      ->needs(proxy);
  app.add_option("--timeout", options.timeout_seconds, "How long to wait for the server (default: 120)")
      ->type_name("SECONDS")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{86'400}));
}

/// Puts what the command line says over what the account says itself.
ExitCode apply(const FetchOptions& options, Account& account, const Console& console) {
  fetch::Policy& policy = account.policy;
  const auto complain = [&](const std::string& what) {
    console.complain(what);
    return ExitCode::usage;
  };
  if (!options.mode.empty() && !fetch::read_mode(options.mode, policy)) {
    return complain("--mode " + printable(options.mode) + ": write " + std::string(fetch::modes_for_people));
  }
  if (!options.first_run.empty()) {
    policy.first_run = options.first_run == "all" ? fetch::FirstRun::all : fetch::FirstRun::from_now;
  }
  if (options.headers_only) policy.headers_only = true;
  if (options.octets_max > 0) policy.whole_octets_max = Octets{options.octets_max};
  if (options.messages_max > 0) policy.messages_at_once_max = options.messages_max;
  if (options.timeout_seconds > 0) account.timeout = std::chrono::seconds(options.timeout_seconds);
  if (options.interval_seconds > 0) account.interval = std::chrono::seconds(options.interval_seconds);
  if (!options.target.empty()) {
    if (const auto name = parse_target(options.target, console); !name) return name.error();
    account.target = options.target;
  }
  const auto& access = options.target_options.access;
  if (!options.target.empty() || access != fetch_accounts::TargetAccess()) account.target_access = access;
  if (const auto& archive = options.target_options.archive; !archive.empty()) account.archive = archive;
  if (options.proxy.empty()) return ExitCode::ok;
  auto proxy = fetch::read_proxy_url(options.proxy);
  if (!proxy.proxy) return complain("--proxy: " + printable(proxy.problem));
  account.proxy = std::move(proxy.proxy);
  account.proxy_password_file = options.proxy_password_file;
  return ExitCode::ok;
}

// --- An account on the command line ----------------------------------------------------------------------------------

ExitCode require_all(const FetchOptions& options, const Console& console) {
  for (const auto& [name, value] :
       {std::pair("--user", &options.user), std::pair("--to", &options.target), std::pair("--mode", &options.mode)}) {
    if (!value->empty()) continue;
    console.complain(std::string("with --server, ") + name + " is required; see fermo fetch --help");
    return ExitCode::usage;
  }
  return ExitCode::ok;
}

fetch_accounts::SecretSource secret_of(const SecretOptions& options) {
  using Kind = fetch_accounts::SecretSource::Kind;
  const SecretSource& source = options.source;
  if (options.keyring) return {Kind::keyring, {}};
  if (!source.file.empty()) return {Kind::file, source.file};
  if (!source.command.empty()) return {Kind::command, source.command};
  if (!source.credential.empty()) return {Kind::credential, source.credential};
  if (!source.environment.empty()) return {Kind::environment, source.environment};
  return {};
}

Outcome<Account> described_account(const FetchOptions& options, const Console& console) {
  const auto refuse = [&](const std::string& what) {
    console.complain(what);
    return ExitCode::usage;
  };
  if (const ExitCode lacking = require_all(options, console); lacking != ExitCode::ok) return lacking;
  auto server = fetch::read_server_url(options.server);
  if (!server.server) return refuse("--server: " + printable(server.problem));
  if (server.server->tls == fetch::TlsMode::plaintext && !options.plaintext) {
    return refuse(
        "pop3:// would send password and mail in the clear; use pop3s:// or pop3+stls://, or wish for it with "
        "--allow-plaintext");
  }
  for (const auto& pin : options.pins) {
    if (runtime::parse_pin(pin)) continue;
    return refuse("--pin " + printable(pin) +
                  ": not the SHA-256 of a public key; write sha256//BASE64 or 64 hexadecimal digits");
  }
  Account account;
  account.server = std::move(*server.server);
  account.user = options.user;
  account.name = fetch_accounts::ledger_name(account);
  account.secret = secret_of(options.secret);
  account.token = options.token;
  account.allow_plaintext = options.plaintext;
  account.authorities = options.authorities;
  account.pins = options.pins;
  return account;
}

// --- Accounts of the file --------------------------------------------------------------------------------------------

/// A process that fetches one account gets our environment: passwords of no account stay in it, not even of those that
/// are not fetched now.
void hide_variables(const std::vector<Account>& accounts, const Console& console) {
  const Complaints unheard(console);
  for (const Account& account : accounts) {
    if (account.secret.kind != fetch_accounts::SecretSource::Kind::environment) continue;
    [[maybe_unused]] const auto taken = read_secret(secret_source_of(account), {}, unheard.console());
  }
}

Outcome<std::vector<Account>> accounts_of_file(const FetchOptions& options, const Console& console) {
  const std::filesystem::path path = accounts_path(options.accounts);
  auto all = load_accounts(path, console);
  if (!all) return all.error();
  if (all->empty()) {
    console.complain("there are no accounts in " + path.string() +
                     "; fermo account add makes one, and --server fetches without one");
    return ExitCode::configuration;
  }
  hide_variables(*all, console);
  std::vector<Account> chosen;
  for (const auto& name : options.names) {
    const Account* const account = fetch_accounts::find_account(*all, name);
    if (account == nullptr) return complain_of_no_account(name, *all, path, console);
    if (std::ranges::find(chosen, account->name, &Account::name) == chosen.end()) chosen.push_back(*account);
  }
  if (!options.names.empty()) return chosen;
  std::ranges::copy_if(*all, std::back_inserter(chosen), [](const Account& account) { return account.enabled; });
  if (!chosen.empty()) return chosen;
  console.complain("no account in " + path.string() + " is enabled; name the ones to fetch");
  return ExitCode::configuration;
}

}  // namespace

void FetchOptions::add_to(CLI::App& app) {
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("account", names, "Accounts of the file; without any, all that are enabled")
      ->type_name("ACCOUNT")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--accounts", accounts, "File of accounts (default: $XDG_CONFIG_HOME/fermo/accounts.toml)")
      ->type_name("FILE");
  add_account_options(app, *this);
  add_policy_options(app, *this);
  add_connection_options(app, *this);
  app.add_option("--state", state, "Folder of what is remembered (default: $XDG_STATE_HOME/fermo)")->type_name("DIR");
  CLI::Option* const daemon_flag = app.add_flag("--daemon", daemon, "Go on fetching, each account at its interval");
  app.add_option("--interval", interval_seconds, "With --daemon: between two sessions (default: 300)")
      ->type_name("SECONDS")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{31 * 86'400}))
      ->needs(daemon_flag);
  app.add_flag("--dry-run", dry_run, "Say for each message what would be done, and do nothing")->excludes(daemon_flag);
  app.add_flag("--quiet", quiet, "Say only what is wrong");
  app.add_flag("--json", json, "Print JSON for programs");
}

Outcome<std::vector<Account>> chosen_accounts(const FetchOptions& options, const Console& console) {
  std::vector<Account> accounts;
  if (options.is_one_account()) {
    if (!options.names.empty()) {
      console.complain("--server describes an account; " + printable(options.names.front()) + " cannot be one as well");
      return ExitCode::usage;
    }
    auto account = described_account(options, console);
    if (!account) return account.error();
    accounts.push_back(std::move(*account));
  } else {
    auto file = accounts_of_file(options, console);
    if (!file) return file.error();
    accounts = std::move(*file);
  }
  for (auto& account : accounts) {
    if (const ExitCode wrong = apply(options, account, console); wrong != ExitCode::ok) return wrong;
  }
  return accounts;
}

}  // namespace fermo::commands
