#include "fermo/ledger_choice.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "fermo/accounts_file.h"
#include "fermo/fetch_state.h"
#include "fermo/table.h"
#include "fetch_accounts/account_file.h"
#include "fetcher/server_address.h"
#include "fetcher/sqlite_ledger.h"

namespace fermo::commands {
namespace {

/// What the ledger calls the account that the file of accounts calls `name`, if there is one.
Outcome<std::string> name_in_ledger(const LedgerOptions& options, const std::string& name, const Console& console) {
  const std::filesystem::path path = accounts_path(options.accounts);
  std::error_code unknown;
  if (options.accounts.empty() && (path.empty() || !std::filesystem::exists(path, unknown))) return name;
  const auto accounts = load_accounts(path, console);
  if (!accounts) return accounts.error();
  const auto* const account = fetch_accounts::find_account(*accounts, name);
  return account == nullptr ? name : fetch_accounts::ledger_name(*account);
}

/// The account that is meant, taken out of `words`; nothing when there is none.
Outcome<std::optional<std::string>> account_of(const LedgerOptions& options, std::vector<std::string>& words,
                                               const Console& console) {
  if (options.server.empty()) {
    if (words.empty()) return std::optional<std::string>();
    auto name = name_in_ledger(options, words.front(), console);
    if (!name) return name.error();
    words.erase(words.begin());
    return std::optional(std::move(*name));
  }
  const auto server = fetcher::parse_server(options.server);
  if (server) return std::optional(fetcher::account_name(options.user, *server));
  console.complain("--server: " + printable(server.problem()));
  return ExitCode::usage;
}

}  // namespace

void LedgerOptions::add_to(CLI::App& app, const std::string& help_of_words) {
  app.add_option("message", words, help_of_words)->type_name("ACCOUNT [MESSAGE…]");
  CLI::Option* const user_option = app.add_option("--user", user, "With --server: whose account")->type_name("NAME");
  app.add_option("--server", server, "Names the account as fermo fetch --server does, in place of ACCOUNT")
      ->type_name("URL")
      ->needs(user_option);
  app.add_option("--accounts", accounts, "File of accounts (default: $XDG_CONFIG_HOME/fermo/accounts.toml)")
      ->type_name("FILE");
  app.add_option("--state", state, "Folder of what is remembered (default: $XDG_STATE_HOME/fermo)")->type_name("DIR");
}

Outcome<LedgerChoice> choose(const LedgerOptions& options, const Console& console) {
  const auto folder = state_folder(options.state, console);
  if (!folder) return folder.error();
  LedgerChoice choice;
  choice.ledger = ledger_path(*folder);
  choice.messages = options.words;
  auto account = account_of(options, choice.messages, console);
  if (!account) return account.error();
  choice.account = std::move(*account);
  std::error_code unknown;
  if (!std::filesystem::exists(choice.ledger, unknown)) {
    console.complain("nothing has been fetched yet: there is no " + choice.ledger.string());
    return ExitCode::no_input;
  }
  auto known = fetcher::SqliteLedger::accounts(choice.ledger);
  if (!known) return complain_of_ledger(known.error(), choice.ledger, {}, console);
  choice.known = std::move(*known);
  if (!choice.account || std::ranges::find(choice.known, *choice.account) != choice.known.end()) return choice;
  console.complain("nothing has been fetched for an account " + printable(*choice.account) +
                   "; fermo fetch explain lists those that are known");
  return ExitCode::no_user;
}

const fetch::Record* find_record(const std::vector<fetch::Record>& records, const std::string& text) {
  const auto by_key = std::ranges::find(records, text, &fetch::Record::key);
  if (by_key != records.end()) return &*by_key;
  const auto by_position = std::ranges::find_if(records, [&](const fetch::Record& record) {
    return !record.gone && record.position > 0 && std::to_string(record.position) == text;
  });
  return by_position == records.end() ? nullptr : &*by_position;
}

ExitCode complain_of_message(const std::string& text, const std::string& account, const Console& console) {
  console.complain("nothing is known of a message " + printable(text) + " of " + printable(account));
  return ExitCode::data_error;
}

}  // namespace fermo::commands
