#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "fetch/schedule.h"
#include "fetcher/report.h"
#include "fetcher/worker.h"

namespace fermo::fetcher {

/// An account that is fetched again and again.
struct KeptAccount {
  std::string name;     ///< What the ledger knows it by.
  std::string version;  ///< Changes whenever something about it was changed.
  fetch::Pace pace;
  std::optional<Timestamp> last_login;
};

/// What a Keeper does not know itself. Called on its thread.
class Household {
 public:
  virtual ~Household() = default;
  /// What a worker is told that is to fetch the account.
  virtual Secret errand(const std::string& account) = 0;
  /// What that means for the account.
  virtual Report explain(const NotBegun& failure) = 0;
  /// What became of a fetch; `next` says when the account is fetched again.
  virtual void fetched(const std::string& account, const Report& report, const fetch::Schedule& next) = 0;
  /// SIGHUP: all accounts, read anew; nothing when they cannot be read, and the ones before go on.
  virtual std::optional<std::vector<KeptAccount>> reread() = 0;
  /// Signals are heeded from now on.
  virtual void ready() = 0;
  /// How many fetches are going on, and when the next is due; called when it has changed.
  virtual void waiting(std::size_t fetching, std::optional<Timestamp> next) = 0;
  /// No more fetches begin.
  virtual void stopping() = 0;
  /// What a fetch of the account says for the log.
  virtual void complain(const std::string& account, std::string_view what) = 0;
};

/// Fetches accounts at their times, each time in a process of its own, until it is told to end: SIGUSR1 makes all of
/// them due, SIGHUP rereads them, SIGTERM and SIGINT end all fetches softly. At most `at_once_max` at a time. Hears no
/// server itself.
void keep_fetching(std::vector<KeptAccount> accounts, Household& household, const Clock& clock,
                   std::size_t at_once_max = limits::fetches_at_once_max);

}  // namespace fermo::fetcher
