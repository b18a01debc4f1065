#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "fermo/commands.h"
#include "fermo/fetch_commands.h"
#include "fermo/fetch_state.h"
#include "fermo/ledger_choice.h"
#include "fermo/table.h"
#include "fetch/number_text.h"
#include "fetcher/sqlite_ledger.h"

namespace fermo::commands {
namespace {

struct WholeOptions {
  LedgerOptions ledger;
};

/// Notes that the whole of these messages is wanted, and that the next run must look at them though STAT has not
/// changed.
ExitCode note(fetch::Ledger& ledger, const LedgerChoice& choice, const Console& console) {
  const std::string& account = choice.known.front().name;
  const auto complain = [&](const error_code& error) { return complain_of_ledger(error, choice.state, console); };
  const auto records = ledger.load();
  if (!records) return complain(records.error());
  auto state = ledger.state();
  if (!state) return complain(state.error());
  std::vector<fetch::Change> changes;
  for (const auto& text : choice.messages) {
    const auto* const record = find_record(*records, text);
    if (record == nullptr) return complain_of_message(text, account, console);
    if (record->standing == fetch::Standing::whole) {
      console.complain("message " + printable(text) + " was fetched as a whole already");
      return ExitCode::data_error;
    }
    changes.emplace_back(fetch::change::WholeWanted{record->key, true});
  }
  state->stat.reset();
  if (const auto applied = ledger.apply(changes, *state); !applied) return complain(applied.error());
  console.out << "the next run fetches " << fetch::counted(changes.size(), "message") << " as a whole\n";
  return ExitCode::ok;
}

ExitCode want_whole(const WholeOptions& options, const Console& console) {
  const auto choice = choose(options.ledger, console);
  if (!choice) return choice.error();
  if (!choice->is_named || choice->messages.empty()) {
    console.complain("name an account and messages; fermo fetch explain ACCOUNT lists them");
    return ExitCode::usage;
  }
  if (const auto prepared = prepare_state_folder(choice->state, console); !prepared) return prepared.error();
  const auto ledger = open_ledger(choice->state, choice->known.front().name, console);
  if (!ledger) return ledger.error();
  return note(**ledger, *choice, console);
}

}  // namespace

void add_fetch_whole(CLI::App& fetch, Invocation& invocation) {
  CLI::App& app = *fetch.add_subcommand("whole", "Let the next run fetch the whole of messages fetched in part");
  auto options = std::make_shared<WholeOptions>();
  options->ledger.add_to(app, "The account, then unique-ids or positions");
  runs(app, invocation, std::move(options), want_whole);
}

}  // namespace fermo::commands
