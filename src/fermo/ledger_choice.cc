#include "fermo/ledger_choice.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "fermo/accounts_file.h"
#include "fermo/fetch_state.h"
#include "fermo/table.h"
#include "fetch_accounts/account_file.h"
#include "fetcher/account_ledgers.h"
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

Outcome<void> add_known(const std::filesystem::path& file, std::vector<KnownAccount>& known, const Console& console) {
  auto names = fetcher::SqliteLedger::accounts(file);
  if (!names) return complain_of_ledger(names.error(), file, console);
  for (auto& name : *names) {
    if (std::ranges::find(known, name, &KnownAccount::name) == known.end()) known.push_back({std::move(name), file});
  }
  return {};
}

Outcome<std::vector<KnownAccount>> all_known(const std::filesystem::path& state, const Console& console) {
  const fetcher::AccountLedgers ledgers(state);
  const auto files = ledgers.files();
  if (!files) return complain_of_ledger(files.error(), ledgers.earlier_file(), console);
  std::vector<KnownAccount> known;
  for (const auto& file : *files) {
    if (const auto added = add_known(file, known, console); !added) return added.error();
  }
  std::ranges::sort(known, {}, &KnownAccount::name);
  return known;
}

/// What is wrong with the others' ledgers is not asked.
Outcome<std::vector<KnownAccount>> find_known(const std::filesystem::path& state, const std::string& name,
                                              const Console& console) {
  const fetcher::AccountLedgers ledgers(state);
  const auto file = ledgers.place_of(name);
  if (!file) return complain_of_ledger(file.error(), ledgers.earlier_file(), console);
  std::vector<KnownAccount> known;
  std::error_code unknown;
  if (!std::filesystem::exists(*file, unknown)) return known;
  if (const auto added = add_known(*file, known, console); !added) return added.error();
  std::erase_if(known, [&](const KnownAccount& one) { return one.name != name; });
  return known;
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
  auto folder = state_folder(options.state, console);
  if (!folder) return folder.error();
  LedgerChoice choice{std::move(*folder), {}, false, options.words};
  const auto account = account_of(options, choice.messages, console);
  if (!account) return account.error();
  choice.is_named = account->has_value();
  auto known = choice.is_named ? find_known(choice.state, **account, console) : all_known(choice.state, console);
  if (!known) return known.error();
  choice.known = std::move(*known);
  if (!choice.known.empty()) return choice;
  if (!choice.is_named) {
    console.complain("nothing has been fetched yet: there is no ledger in " + choice.state.string());
    return ExitCode::no_input;
  }
  console.complain("nothing has been fetched for an account " + printable(**account) +
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
