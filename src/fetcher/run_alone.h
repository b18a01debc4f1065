#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "fetch/ledger.h"
#include "fetch/target.h"
#include "fetcher/account_runner.h"
#include "fetcher/report.h"
#include "processes/note_socket.h"

namespace fermo::fetcher {

/// One account to be fetched, with what it works on.
struct Job {
  AccountSettings settings;
  std::unique_ptr<fetch::Target> target;
  std::unique_ptr<fetch::Ledger> ledger;
  Observer& observer;  ///< Must live until run_alone() has returned.
};

/// Told what an exception said that ended a job of target or ledger, on a thread of its own.
using OnException = std::function<void(std::string_view what)>;

/// Fetches one account once, with one session and one blocking thread; observers are called on this thread. Ended
/// softly by the first SIGINT, SIGTERM or SIGHUP; or else, where there are `orders`, by whatever comes from there,
/// their end included. Throws what a library has thrown.
Report run_alone(Job job, const Clock& clock, const OnException& on_exception,
                 const processes::NoteSocket* orders = nullptr);

}  // namespace fermo::fetcher
