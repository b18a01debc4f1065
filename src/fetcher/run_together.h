#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "fetch/ledger.h"
#include "fetch/target.h"
#include "fetcher/account_runner.h"
#include "fetcher/report.h"

namespace fermo::fetcher {

/// One account to be fetched, with what it works on.
struct Job {
  AccountSettings settings;
  std::unique_ptr<fetch::Target> target;
  std::unique_ptr<fetch::Ledger> ledger;
  Observer& observer;  ///< Must live until run_together() has returned.
};

/// Told what an exception said that ended a job of target or ledger, on a thread of its own.
using OnException = std::function<void(std::string_view what)>;

/// Fetches all accounts side by side, `at_once_max` at a time, each once, with one session and one blocking thread for
/// each, and returns their reports in the same order. Observers are called on this thread. The first SIGINT, SIGTERM or
/// SIGHUP ends all of them softly. Throws what a library has thrown, after all have ended.
std::vector<Report> run_together(std::vector<Job> jobs, const Clock& clock, const OnException& on_exception,
                                 std::size_t at_once_max = limits::fetches_at_once_max);

}  // namespace fermo::fetcher
