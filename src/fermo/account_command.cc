#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "config/nearest.h"
#include "fermo/account_commands.h"
#include "fermo/json.h"
#include "fermo/table.h"
#include "fetch/policy_text.h"
#include "fetch_accounts/account_edit.h"

namespace fermo::commands {
namespace {

using fetch_accounts::Account;
using Kind = fetch_accounts::SecretSource::Kind;

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::ask:
      return "ask";
    case Kind::file:
      return "file";
    case Kind::command:
      return "command";
    case Kind::keyring:
      return "keyring";
    case Kind::credential:
      return "credential";
    case Kind::environment:
      break;
  }
  return "environment";
}

// --- list ------------------------------------------------------------------------------------------------------------

struct ListOptions {
  std::string accounts;
  bool json = false;
};

nlohmann::json json_of(const Account& account) {
  const fetch_accounts::TargetAccess& access = account.target_access;
  nlohmann::json value = {{"name", account.name},
                          {"address", account.address},
                          {"enabled", account.enabled},
                          {"server", fetch::text_of(account.server)},
                          {"user", account.user},
                          {"password", {{"from", name_of(account.secret.kind)}, {"what", account.secret.text}}},
                          {"token", account.token},
                          {"mode", fetch::text_of_mode(account.policy)},
                          {"headers_only", account.policy.headers_only},
                          {"first_run", fetch_accounts::text_of(account.policy.first_run)},
                          {"to", account.target},
                          {"to_user", access.user},
                          {"to_password", {{"from", name_of(access.secret.kind)}, {"what", access.secret.text}}},
                          {"to_token", access.token},
                          {"to_ca", access.authorities.string()},
                          {"ca", account.authorities.string()},
                          {"pins", account.pins},
                          {"proxy_password_file", account.proxy_password_file.string()},
                          {"archive", account.archive.string()},
                          {"allow_plaintext", account.allow_plaintext},
                          {"ledger_name", fetch_accounts::ledger_name(account)}};
  if (account.policy.whole_octets_max) value["limit_octets"] = account.policy.whole_octets_max->value;
  if (account.policy.messages_at_once_max) value["messages_at_once_max"] = *account.policy.messages_at_once_max;
  if (account.proxy) value["proxy"] = fetch::text_of(*account.proxy);
  if (account.interval) value["interval_seconds"] = account.interval->count();
  if (account.timeout) value["timeout_seconds"] = account.timeout->count();
  return value;
}

ExitCode list(const ListOptions& options, const Console& console) {
  const auto path = accounts_path(options.accounts);
  const auto accounts = load_accounts(path, console);
  if (!accounts) return accounts.error();
  if (options.json) {
    auto array = nlohmann::json::array();
    for (const Account& account : *accounts) array.push_back(json_of(account));
    print_json(console.out, array);
    return ExitCode::ok;
  }
  if (accounts->empty()) {
    console.complain("there are no accounts in " + path.string() + "; fermo account add ADDRESS adds one");
    return ExitCode::ok;
  }
  Table table({{"NAME"}, {"SERVER"}, {"USER"}, {"PASSWORD"}, {"MODE"}, {"TO"}});
  for (const Account& account : *accounts) {
    table.add({printable(account.name) + (account.enabled ? "" : " (off)"), printable(fetch::text_of(account.server)),
               printable(account.user), std::string(name_of(account.secret.kind)), fetch::text_of_mode(account.policy),
               printable(account.target)});
  }
  table.print(console.out);
  return ExitCode::ok;
}

// --- remove ----------------------------------------------------------------------------------------------------------

struct RemoveOptions {
  std::string accounts;
  std::string name;
};

ExitCode remove(const RemoveOptions& options, const Console& console) {
  const auto path = accounts_path(options.accounts);
  const auto account = load_account(path, options.name, console);
  if (!account) return account.error();
  const auto edit = [&](const std::string& text) {
    auto without = fetch_accounts::without_account(text, options.name);
    if (!without) {
      console.complain(printable(options.name) + " has no table of its own, [account.NAME], in " + path.string() +
                       "; fermo account edit opens the file in an editor");
    }
    return without;
  };
  if (const auto changed = change_accounts(path, edit, console); !changed) return changed.error();
  console.out << "removed " << printable(options.name)
              << "; its mail, its password and the memory of what was fetched are kept\n";
  return ExitCode::ok;
}

}  // namespace

void add_accounts_option(CLI::App& app, std::string& accounts) {
  app.add_option("--accounts", accounts, "File of the accounts (default: $XDG_CONFIG_HOME/fermo/accounts.toml)")
      ->type_name("FILE");
}

ExitCode complain_of_no_account(const std::string& name, const std::vector<Account>& accounts,
                                const std::filesystem::path& path, const Console& console) {
  std::vector<std::string_view> names;
  for (const Account& account : accounts) names.push_back(account.name);
  const auto meant = config::nearest(name, names);
  console.complain("there is no account " + printable(name) + " in " + path.string() +
                   (meant ? "; did you mean " + printable(*meant) + "?" : "; fermo account list shows all"));
  return ExitCode::no_user;
}

Outcome<Account> load_account(const std::filesystem::path& path, const std::string& name, const Console& console) {
  const auto accounts = load_accounts(path, console);
  if (!accounts) return accounts.error();
  const Account* const account = fetch_accounts::find_account(*accounts, name);
  if (account == nullptr) return complain_of_no_account(name, *accounts, path, console);
  return *account;
}

Outcome<Account> load_only_account(const std::filesystem::path& path, const std::string& name, const Console& console) {
  if (!name.empty()) return load_account(path, name, console);
  auto accounts = load_accounts(path, console);
  if (!accounts) return accounts.error();
  if (accounts->size() == 1) return std::move(accounts->front());
  if (accounts->empty()) {
    console.complain("there is no account in " + path.string() + "; fermo account add makes one");
    return ExitCode::no_user;
  }
  std::string names;
  for (const Account& account : *accounts) names += (names.empty() ? "" : ", ") + printable(account.name);
  console.complain("there are several accounts in " + path.string() + ": name one of " + names);
  return ExitCode::usage;
}

void add_account_list(CLI::App& account, Invocation& invocation) {
  CLI::App& app = *account.add_subcommand("list", "List the accounts");
  auto options = std::make_shared<ListOptions>();
  add_accounts_option(app, options->accounts);
  app.add_flag("--json", options->json, "Print JSON for programs");
  runs(app, invocation, std::move(options), list);
}

void add_account_remove(CLI::App& account, Invocation& invocation) {
  CLI::App& app = *account.add_subcommand("remove", "Remove an account; its mail is kept");
  auto options = std::make_shared<RemoveOptions>();
  app.add_option("NAME", options->name, "The account")->required()->option_text(" ");
  add_accounts_option(app, options->accounts);
  runs(app, invocation, std::move(options), remove);
}

void add_account(CLI::App& program, Invocation& invocation) {
  CLI::App& account = *program.add_subcommand("account", "Add, test and change the accounts that mail is fetched from");
  account.require_subcommand(1);
  add_account_add(account, invocation);
  add_account_list(account, invocation);
  add_account_test(account, invocation);
  add_account_edit(account, invocation);
  add_account_remove(account, invocation);
  add_account_import(account, invocation);
  add_account_import_state(account, invocation);
}

}  // namespace fermo::commands
