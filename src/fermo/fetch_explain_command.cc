#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "fermo/commands.h"
#include "fermo/fetch_commands.h"
#include "fermo/fetch_history.h"
#include "fermo/fetch_state.h"
#include "fermo/json.h"
#include "fermo/ledger_choice.h"
#include "fermo/table.h"
#include "fetch/number_text.h"
#include "fetcher/sqlite_ledger.h"

namespace fermo::commands {
namespace {

using fetch::Record;

struct ExplainOptions {
  LedgerOptions ledger;
  bool all = false;
  bool json = false;
};

/// What is recorded of one account.
struct Known {
  std::string account;
  fetch::AccountState state;
  std::vector<Record> records;
};

Outcome<Known> load(const KnownAccount& account, const Console& console) {
  const auto complain = [&](const error_code& error) { return complain_of_ledger(error, account.ledger, console); };
  const auto opened = fetcher::SqliteLedger::open(account.ledger, account.name, fetcher::Access::read_only);
  if (!opened) return complain(opened.error());
  const auto state = (*opened)->state();
  if (!state) return complain(state.error());
  auto records = (*opened)->load();
  if (!records) return complain(records.error());
  return Known{account.name, *state, std::move(*records)};
}

// --- All accounts ----------------------------------------------------------------------------------------------------

ExitCode list_accounts(const std::vector<KnownAccount>& accounts, bool json, const Console& console) {
  auto all = nlohmann::json::array();
  Table table({{"ACCOUNT"}, {"MESSAGES", Table::Align::right}, {"LAST LOGIN"}});
  for (const auto& account : accounts) {
    const auto known = load(account, console);
    if (!known) return known.error();
    const auto there = std::ranges::count_if(known->records, [](const Record& record) { return !record.gone; });
    const auto& login = known->state.last_login;
    table.add({printable(account.name), std::to_string(there), login ? local_time(*login) : "never"});
    all.push_back({{"account", account.name},
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

Outcome<std::vector<Record>> chosen(const Known& known, const std::vector<std::string>& messages, bool all,
                                    const Console& console) {
  std::vector<Record> records;
  for (const auto& text : messages) {
    const Record* const record = find_record(known.records, text);
    if (record == nullptr) return complain_of_message(text, known.account, console);
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

ExitCode explain_account(const KnownAccount& account, const std::vector<std::string>& messages,
                         const ExplainOptions& options, const Console& console) {
  const auto known = load(account, console);
  if (!known) return known.error();
  const auto records = chosen(*known, messages, options.all, console);
  if (!records) return records.error();
  if (options.json) {
    auto all = nlohmann::json::array();
    for (const auto& record : *records) all.push_back(to_json(record));
    const auto& login = known->state.last_login;
    print_json(console.out, {{"account", account.name},
                             {"last_login", login ? nlohmann::json(utc_time(*login)) : nlohmann::json()},
                             {"messages", std::move(all)}});
  } else if (messages.empty()) {
    print_table(*records, console);
    const auto deleted = known->records.size() - records->size();
    if (deleted > 0) {
      console.complain("left out: " + fetch::counted(deleted, "message") + " deleted on the server; --all shows all");
    }
  } else {
    for (const auto& record : *records) console.out << history(record);
  }
  return ExitCode::ok;
}

ExitCode explain(const ExplainOptions& options, const Console& console) {
  const auto choice = choose(options.ledger, console);
  if (!choice) return choice.error();
  if (!choice->is_named) return list_accounts(choice->known, options.json, console);
  return explain_account(choice->known.front(), choice->messages, options, console);
}

}  // namespace

void add_fetch_explain(CLI::App& fetch, Invocation& invocation) {
  CLI::App& app = *fetch.add_subcommand("explain", "Say why each message was or was not fetched or deleted");
  auto options = std::make_shared<ExplainOptions>();
  options->ledger.add_to(app, "The account, then unique-ids or positions; without messages all of them");
  app.add_flag("--all", options->all, "Also the messages that are deleted on the server");
  app.add_flag("--json", options->json, "Print JSON for programs");
  runs(app, invocation, std::move(options), explain);
}

}  // namespace fermo::commands
