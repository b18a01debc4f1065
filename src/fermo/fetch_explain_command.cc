#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "fermo/commands.h"
#include "fermo/fetch_commands.h"
#include "fermo/fetch_history.h"
#include "fermo/fetch_state.h"
#include "fermo/json.h"
#include "fermo/table.h"
#include "fetcher/server_address.h"
#include "fetcher/sqlite_ledger.h"

namespace fermo::commands {
namespace {

namespace fs = std::filesystem;
using fetch::Record;

struct ExplainOptions {
  std::vector<std::string> words;  ///< The account, unless --server names it, and messages.
  std::string server;
  std::string user;
  std::string state;
  bool all = false;
  bool json = false;
};

/// One account of the ledger.
struct Known {
  std::string account;
  fetch::AccountState state;
  std::vector<Record> records;
};

Outcome<Known> load(const fs::path& ledger, const std::string& account, const Console& console) {
  const auto opened = fetcher::SqliteLedger::open(ledger, account, fetcher::Access::read_only);
  if (!opened) return complain_of_ledger(opened.error(), ledger, account, console);
  const auto state = (*opened)->state();
  if (!state) return complain_of_ledger(state.error(), ledger, account, console);
  auto records = (*opened)->load();
  if (!records) return complain_of_ledger(records.error(), ledger, account, console);
  return Known{account, *state, std::move(*records)};
}

// --- All accounts ----------------------------------------------------------------------------------------------------

ExitCode list_accounts(const fs::path& ledger, const std::vector<std::string>& accounts, bool json,
                       const Console& console) {
  auto all = nlohmann::json::array();
  Table table({{"ACCOUNT"}, {"MESSAGES", Table::Align::right}, {"LAST LOGIN"}});
  for (const auto& account : accounts) {
    const auto known = load(ledger, account, console);
    if (!known) return known.error();
    const auto there = std::ranges::count_if(known->records, [](const Record& record) { return !record.gone; });
    const auto& login = known->state.last_login;
    table.add({printable(account), std::to_string(there), login ? local_time(*login) : "never"});
    all.push_back({{"account", account},
                   {"messages", there},
                   {"last_login", login ? nlohmann::json(utc_time(*login)) : nlohmann::json()}});
  }
  if (json) {
    print_json(console.out, all);
  } else {
    table.print(console.out);
  }
  return ExitCode::ok;
}

// --- One account -----------------------------------------------------------------------------------------------------

/// By unique-id, or else by position.
const Record* find(const std::vector<Record>& records, const std::string& text) {
  const auto by_key = std::ranges::find(records, text, &Record::key);
  if (by_key != records.end()) return &*by_key;
  const auto by_position = std::ranges::find_if(records, [&](const Record& record) {
    return !record.gone && record.position > 0 && std::to_string(record.position) == text;
  });
  return by_position == records.end() ? nullptr : &*by_position;
}

Outcome<std::vector<Record>> chosen(const Known& known, const std::vector<std::string>& messages, bool all,
                                    const Console& console) {
  std::vector<Record> records;
  for (const auto& text : messages) {
    const Record* const record = find(known.records, text);
    if (record == nullptr) {
      console.complain("nothing is known of a message " + printable(text) + " of " + printable(known.account));
      return ExitCode::data_error;
    }
    records.push_back(*record);
  }
  if (!messages.empty()) return records;
  for (const auto& record : known.records) {
    if (all || !record.gone) records.push_back(record);
  }
  return records;
}

void print_table(const std::vector<Record>& records, const Console& console) {
  constexpr auto right = Table::Align::right;
  Table table({{"POSITION", right}, {"OCTETS", right}, {"UNIQUE-ID"}, {"HERE"}, {"ON THE SERVER"}, {"BECAUSE"}});
  for (const auto& record : records) {
    table.add({record.position > 0 ? std::to_string(record.position) : "-",
               record.octets ? std::to_string(record.octets->value) : "-", printable(record.key), fate(record),
               whereabouts(record), why(record)});
  }
  table.print(console.out);
}

ExitCode explain_account(const fs::path& ledger, const std::string& account, const std::vector<std::string>& messages,
                         const ExplainOptions& options, const Console& console) {
  const auto known = load(ledger, account, console);
  if (!known) return known.error();
  const auto records = chosen(*known, messages, options.all, console);
  if (!records) return records.error();
  if (options.json) {
    auto all = nlohmann::json::array();
    for (const auto& record : *records) all.push_back(to_json(record));
    const auto& login = known->state.last_login;
    print_json(console.out, {{"account", account},
                             {"last_login", login ? nlohmann::json(utc_time(*login)) : nlohmann::json()},
                             {"messages", std::move(all)}});
  } else if (messages.empty()) {
    print_table(*records, console);
  } else {
    for (const auto& record : *records) console.out << history(record);
  }
  return ExitCode::ok;
}

/// The account that is meant, taken out of `words`; nothing when all are.
Outcome<std::optional<std::string>> account_of(const ExplainOptions& options, std::vector<std::string>& words,
                                               const Console& console) {
  if (options.server.empty()) {
    if (words.empty()) return std::optional<std::string>();
    std::string account = std::move(words.front());
    words.erase(words.begin());
    return std::optional(std::move(account));
  }
  const auto server = fetcher::parse_server(options.server);
  if (server) return std::optional(fetcher::account_name(options.user, *server));
  console.complain("--server: " + printable(server.problem()));
  return ExitCode::usage;
}

ExitCode explain(const ExplainOptions& options, const Console& console) {
  const auto folder = state_folder(options.state, console);
  if (!folder) return folder.error();
  std::vector<std::string> messages = options.words;
  const auto account = account_of(options, messages, console);
  if (!account) return account.error();
  const fs::path ledger = ledger_path(*folder);
  std::error_code unknown;
  if (!fs::exists(ledger, unknown)) {
    console.complain("nothing has been fetched yet: there is no " + ledger.string());
    return ExitCode::no_input;
  }
  const auto accounts = fetcher::SqliteLedger::accounts(ledger);
  if (!accounts) return complain_of_ledger(accounts.error(), ledger, {}, console);
  if (!*account) return list_accounts(ledger, *accounts, options.json, console);
  if (std::ranges::find(*accounts, **account) != accounts->end()) {
    return explain_account(ledger, **account, messages, options, console);
  }
  console.complain("nothing has been fetched for an account " + printable(**account) +
                   "; fermo fetch explain lists those that are known");
  return ExitCode::no_user;
}

}  // namespace

void add_fetch_explain(CLI::App& fetch, Invocation& invocation) {
  CLI::App& app = *fetch.add_subcommand("explain", "Say why each message was or was not fetched or deleted");
  auto options = std::make_shared<ExplainOptions>();
  app.add_option("message", options->words, "The account, then unique-ids or positions; without messages all of them")
      ->type_name("ACCOUNT [MESSAGE…]");
  CLI::Option* const user = app.add_option("--user", options->user, "With --server: whose account")->type_name("NAME");
  app.add_option("--server", options->server, "Names the account as fermo fetch --server does, in place of ACCOUNT")
      ->type_name("URL")
      ->needs(user);
  app.add_option("--state", options->state, "Folder of what is remembered (default: $XDG_STATE_HOME/fermo)")
      ->type_name("DIR");
  app.add_flag("--all", options->all, "Also the messages that are deleted on the server");
  app.add_flag("--json", options->json, "Print JSON for programs");
  runs(app, invocation, std::move(options), explain);
}

}  // namespace fermo::commands
