#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/limits.h"
#include "base/secret.h"
#include "fetcher/worker.h"

namespace fermo::fetcher {

/// One account to be fetched in a process of its own.
struct Errand {
  Secret text;
  Observer& observer;  ///< Must live until run_workers() has returned. Not told of the end.
  std::function<void(WorkerEnd)> on_end;
  Worker::OnComplaint on_complaint;
};

/// Fetches all accounts side by side, `at_once_max` at a time, each once. All is told on this thread. The first SIGINT,
/// SIGTERM or SIGHUP ends all of them softly.
void run_workers(std::vector<Errand> errands, std::size_t at_once_max = limits::fetches_at_once_max);

}  // namespace fermo::fetcher
