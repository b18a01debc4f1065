#pragma once

#include <chrono>

#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fetch/plan.h"
#include "fetcher/report.h"

namespace fermo::commands {

/// The code that `fermo fetch` ends with.
ExitCode exit_code_of(fetcher::Verdict verdict);

/// What a fetch came to.
struct FetchSummary {
  const std::string& account;
  const fetcher::Report& report;
  const fetch::Plan* plan;  ///< Only in a dry run.
  std::chrono::duration<double> lasted;
};

/// The outcome on `out`, what went wrong on `err`.
void print_for_people(const FetchSummary& summary, const Console& console);
/// One object on `out`.
void print_for_programs(const FetchSummary& summary, const Console& console);

}  // namespace fermo::commands
