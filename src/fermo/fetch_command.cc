#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "confine/confinement.h"
#include "fermo/commands.h"
#include "fermo/complaints.h"
#include "fermo/fetch_commands.h"
#include "fermo/fetch_confinement.h"
#include "fermo/fetch_daemon.h"
#include "fermo/fetch_equipment.h"
#include "fermo/fetch_errand.h"
#include "fermo/fetch_options.h"
#include "fermo/fetch_progress.h"
#include "fermo/fetch_state.h"
#include "fermo/fetch_summary.h"
#include "fermo/json.h"
#include "fermo/table.h"
#include "fetcher/run_alone.h"
#include "fetcher/run_workers.h"

namespace fermo::commands {
namespace {

using fetch_accounts::Account;

/// How the outcome is shown.
struct Showing {
  const FetchOptions& options;
  const Console& console;
  ProgressBoard& board;
};

ProgressBoard::Style style_of(const FetchOptions& options) {
  if (options.json || options.quiet || options.dry_run) return ProgressBoard::Style::silent;
  return ::isatty(STDERR_FILENO) == 1 ? ProgressBoard::Style::bars : ProgressBoard::Style::lines;
}

/// One account of the run, from its beginning to its summary.
class AccountRun final : public FetchProgress {
 public:
  AccountRun(const Account& account, const Showing& showing)
      : FetchProgress(printable(account.name), showing.board), showing_(showing) {
    summary_.account = printable(account.name);
    if (showing.options.dry_run) summary_.plan.emplace();
  }

  void planned(const fetcher::Work& work) override {
    FetchProgress::planned(work);
    if (summary_.plan) summary_.plan->clear();
  }
  void decided(const fetch::Decision& decision) override {
    if (summary_.plan) summary_.plan->push_back(decision);
  }

  void ended(const fetcher::Report& report) override {
    FetchProgress::ended(report);
    summary_.report = report;
    summary_.code = exit_code_of(report.verdict);
    summary_.lasted = std::chrono::steady_clock::now() - begun_;
    if (showing_.options.json) return;
    showing_.board.clear();
    print_for_people(summary_, showing_.options.quiet, showing_.console);
    showing_.console.out.flush();
  }

  /// It could not even begin.
  void fail(ExitCode code, const std::string& problem) {
    summary_.code = code;
    summary_.plan.reset();
    summary_.report.verdict =
        code == ExitCode::temporary_failure ? fetcher::Verdict::in_use : fetcher::Verdict::settings;
    summary_.report.problem = problem;
    showing_.board.clear();
    // Whoever named one account on the command line knows which it is.
    showing_.console.complain(showing_.options.is_one_account() ? problem : summary_.account + ": " + problem);
  }

  const FetchSummary& summary() const { return summary_; }

 private:
  const Showing& showing_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  FetchSummary summary_;
};

using AccountRuns = std::vector<std::unique_ptr<AccountRun>>;

/// In this process, which holds the secret and the target of no other account.
void fetch_here(const Account& account, AccountRun& run, const FetchPlace& place, const Console& console) {
  const SystemClock clock;
  const Complaints complaints(console);
  auto job = equip(account, place, clock, run, complaints.console());
  if (!job) return run.fail(job.error(), complaints.text());
  confine_fetch(account, place, console);
  fetcher::run_alone(std::move(*job), clock, [&console](std::string_view what) { console.complain(what); });
}

fetcher::Errand errand_of(const Account& account, AccountRun& run, const FetchPlace& place, const Showing& showing) {
  const auto end = [&run](const fetcher::WorkerEnd& ended) {
    if (!ended.not_begun) return run.ended(ended.report);
    run.fail(exit_code_of(*ended.not_begun), ended.not_begun->problem);
  };
  const auto complain = [&run, &showing](std::string_view what) {
    showing.board.clear();
    showing.console.complain(run.summary().account + ": " + std::string(what));
  };
  return {encode_errand(account, place, !showing.board.is_silent()), run, end, complain};
}

/// Each in a process of its own; those whose secrets cannot be had say so.
void fetch_apart(const std::vector<Account>& accounts, const AccountRuns& runs, FetchPlace& place,
                 const Showing& showing) {
  std::vector<fetcher::Errand> errands;
  for (std::size_t i = 0; i < accounts.size(); ++i) {
    const Complaints complaints(showing.console);
    if (const auto taken = take_secrets(accounts[i], place.secrets, complaints.console()); taken) {
      errands.push_back(errand_of(accounts[i], *runs[i], place, showing));
    } else {
      runs[i]->fail(taken.error(), complaints.text());
    }
  }
  place.secrets = {};
  fetcher::run_workers(std::move(errands));
}

ExitCode conclude(const AccountRuns& runs, const FetchOptions& options, const Console& console) {
  std::vector<ExitCode> codes;
  auto all = nlohmann::json::array();
  for (const auto& run : runs) {
    codes.push_back(run->summary().code);
    all.push_back(to_json(run->summary()));
  }
  if (options.json) print_json(console.out, options.is_one_account() ? all.front() : all);
  const auto failed = std::ranges::count_if(codes, [](ExitCode code) { return code != ExitCode::ok; });
  if (failed > 0 && runs.size() > 1 && !options.json) {
    console.complain(std::to_string(failed) + " of " + std::to_string(runs.size()) + " accounts could not be fetched");
  }
  return exit_code_of(codes);
}

ExitCode fetch_once(const std::vector<Account>& accounts, FetchPlace place, const FetchOptions& options,
                    const Console& console) {
  ProgressBoard board(console.err, style_of(options));
  const Showing showing{options, console, board};
  AccountRuns runs;
  for (const auto& account : accounts) runs.push_back(std::make_unique<AccountRun>(account, showing));
  if (accounts.size() == 1) {
    fetch_here(accounts.front(), *runs.front(), place, console);
  } else {
    fetch_apart(accounts, runs, place, showing);
  }
  board.clear();
  return conclude(runs, options, console);
}

ExitCode fetch(const FetchOptions& options, const Console& console) {
  confine::close_memory();
  const auto accounts = chosen_accounts(options, console);
  if (!accounts) return accounts.error();
  auto folder = state_folder(options.state, console);
  if (!folder) return folder.error();
  if (!options.dry_run) {
    if (const auto prepared = prepare_state_folder(*folder, console); !prepared) return prepared.error();
  }
  FetchPlace place{std::move(*folder), options.dry_run, {}, options.target_options.places};
  return options.daemon ? fetch_on(*accounts, std::move(place), options, console)
                        : fetch_once(*accounts, std::move(place), options, console);
}

}  // namespace

void add_fetch(CLI::App& program, Invocation& invocation) {
  CLI::App& app = *program.add_subcommand("fetch", "Fetch mail from POP3 servers, each message exactly once");
  auto options = std::make_shared<FetchOptions>();
  options->add_to(app);
  runs(app, invocation, std::move(options), fetch);
  add_fetch_explain(app, invocation);
  add_fetch_whole(app, invocation);
}

}  // namespace fermo::commands
