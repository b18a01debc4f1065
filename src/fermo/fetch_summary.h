#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fetch/plan.h"
#include "fetcher/report.h"
#include "fetcher/worker_notes.h"

namespace fermo::commands {

/// The code that `fermo fetch` ends with.
ExitCode exit_code_of(fetcher::Verdict verdict);
/// Never ok, whatever it says.
ExitCode exit_code_of(const fetcher::NotBegun& failure);

/// The one that says most of several: ok when all are, their common one when all failures are alike, and otherwise
/// what somebody has to put right before what will pass.
ExitCode exit_code_of(const std::vector<ExitCode>& codes);

/// What a fetch came to.
struct FetchSummary {
  std::string account;
  fetcher::Report report;
  ExitCode code = ExitCode::ok;
  std::optional<std::vector<fetch::Decision>> plan;  ///< Only in a dry run.
  std::chrono::duration<double> lasted{0};
};

/// "3 messages fetched (12.3 kB), 3 deleted on the server".
std::string outcome_words(const fetcher::Report& report);
/// The problem and what to do about it; empty when there is none.
std::string problem_words(const fetcher::Report& report);

/// The outcome on `out` unless `quiet`, what went wrong on `err`.
void print_for_people(const FetchSummary& summary, bool quiet, const Console& console);
nlohmann::json to_json(const FetchSummary& summary);

}  // namespace fermo::commands
