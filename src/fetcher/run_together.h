#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "fetch/ledger.h"
#include "fetch/target.h"
#include "fetcher/account_runner.h"
#include "fetcher/report.h"

namespace fermo::fetcher {

/// One account to be fetched, with what it works on. All must live until run_together() has returned.
struct Job {
  AccountSettings settings;
  fetch::Target& target;
  fetch::Ledger& ledger;
  Observer& observer;
};

/// Told what an exception said that ended a job of target or ledger, on a thread of its own.
using OnException = std::function<void(std::string_view what)>;

/// Fetches all accounts side by side, each once, one session and one blocking thread for each, and returns their
/// reports in the same order. Observers are called on this thread. The first SIGINT, SIGTERM or SIGHUP ends all of them
/// softly. Throws what a library has thrown, after all have ended.
std::vector<Report> run_together(std::vector<Job> jobs, const Clock& clock, const OnException& on_exception);

}  // namespace fermo::fetcher
