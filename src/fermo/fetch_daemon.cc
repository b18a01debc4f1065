#include "fermo/fetch_daemon.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "fermo/complaints.h"
#include "fermo/fetch_errand.h"
#include "fermo/fetch_history.h"
#include "fermo/fetch_state.h"
#include "fermo/fetch_summary.h"
#include "fermo/json.h"
#include "fermo/table.h"
#include "fetch_accounts/providers.h"
#include "fetcher/keeper.h"
#include "server/service_manager.h"

namespace fermo::commands {
namespace {

using fetch_accounts::Account;
using fetcher::KeptAccount;

/// When the account was logged in to by an earlier process.
std::optional<Timestamp> last_login(const FetchPlace& place, const std::string& account, const Console& console) {
  const Complaints unheard(console);  // the fetch will say so
  const auto ledger = look_at_ledger(place.state, account, unheard.console());
  if (!ledger || *ledger == nullptr) return std::nullopt;
  const auto state = (*ledger)->state();
  return state ? state->last_login : std::nullopt;
}

fetch::Pace pace_of(const Account& account) {
  const auto* const provider = fetch_accounts::provider_of_server(account.server.host);
  return {account.interval.value_or(limits::fetch_interval),
          provider == nullptr ? std::chrono::seconds(0) : provider->interval_min};
}

/// Under systemd the journal has the time.
bool has_journal() {
  return std::getenv("JOURNAL_STREAM") != nullptr;
}

/// The accounts with what they are fetched with.
struct Accounts {
  std::map<std::string, Account> by_ledger_name;
  FetchPlace place;
};

bool holds(const Accounts& accounts, const std::string& name, const Account& account) {
  const auto found = accounts.by_ledger_name.find(name);
  return found != accounts.by_ledger_name.end() && found->second == account;
}

class FetchHousehold final : public fetcher::Household {
 public:
  FetchHousehold(const FetchOptions& options, const Clock& clock, const Console& console)
      : options_(options), clock_(clock), console_(console) {}

  Outcome<std::vector<KeptAccount>> begin(const std::vector<Account>& accounts, FetchPlace place) {
    for (const auto& account : accounts) {
      if (const auto taken = take_secrets(account, place.secrets, console_); !taken) return taken.error();
    }
    return replace(accounts, std::move(place));
  }

  Secret errand(const std::string& name) override {
    return encode_errand(accounts_.by_ledger_name.at(name), accounts_.place, false);
  }

  fetcher::Report explain(const fetcher::NotBegun& failure) override {
    const auto code = exit_code_of(failure);
    const bool passing = code == ExitCode::temporary_failure || code == ExitCode::io_error;
    fetcher::Report report;
    report.verdict = passing ? fetcher::Verdict::in_use : fetcher::Verdict::settings;
    report.problem = failure.problem;
    return report;
  }

  void fetched(const std::string& name, const fetcher::Report& report, const fetch::Schedule& next) override {
    const std::string shown = shown_name(name);
    if (options_.json) {
      FetchSummary summary;
      summary.account = shown;
      summary.report = report;
      summary.code = exit_code_of(report.verdict);
      auto value = to_json(summary);
      value["next"] = utc_time(next.due());
      print_json(console_.out, value);
      console_.out.flush();
    }
    say_all(shown, report, next);
  }

  std::optional<std::vector<KeptAccount>> reread() override {
    server::notify_reloading();
    auto accounts = read_again();
    server::notify_ready("fetching");
    return accounts;
  }

  void ready() override {
    server::notify_ready("fetching");
    if (!options_.quiet) say("ready");
  }

  void waiting(std::size_t fetching, std::optional<Timestamp> next) override {
    std::string status = fetching > 0 ? "fetching " + std::to_string(fetching) : std::string("waiting");
    if (next) status += ", next at " + local_time(*next);
    if (status != std::exchange(status_, status)) server::notify_status(status);
  }

  void stopping() override {
    server::notify_stopping();
    stopping_ = true;
    say("ending");
  }

  void complain(const std::string& name, std::string_view what) override {
    say(shown_name(name) + ": " + std::string(what));
  }

 private:
  /// One that was taken away while it was fetched goes by its name in the ledger.
  std::string shown_name(const std::string& name) const {
    const auto found = accounts_.by_ledger_name.find(name);
    return printable(found == accounts_.by_ledger_name.end() ? name : found->second.name);
  }

  std::vector<KeptAccount> replace(const std::vector<Account>& accounts, FetchPlace place) {
    Accounts fresh;
    fresh.place = std::move(place);
    std::vector<KeptAccount> kept;
    for (const auto& account : accounts) {
      const std::string name = fetch_accounts::ledger_name(account);
      if (!fresh.by_ledger_name.emplace(name, account).second) continue;
      if (!holds(accounts_, name, account)) versions_[name] = std::to_string(++changes_);
      kept.push_back({name, versions_[name], pace_of(account), last_login(fresh.place, name, console_)});
    }
    accounts_ = std::move(fresh);
    return kept;
  }

  std::optional<std::vector<KeptAccount>> read_again() {
    const Complaints complaints(console_);
    auto accounts = chosen_accounts(options_, complaints.console());
    if (!accounts) {
      say("the accounts are not reread, the ones before go on: " + complaints.text());
      return std::nullopt;
    }
    FetchPlace place = accounts_.place;
    std::erase_if(*accounts, [&](const Account& account) { return !has_secrets(account, place); });
    say(std::to_string(accounts->size()) + (accounts->size() == 1 ? " account" : " accounts") + " reread");
    return replace(*accounts, std::move(place));
  }

  /// Nobody can be asked any more.
  bool has_secrets(const Account& account, FetchPlace& place) {
    if (place.secrets.of_accounts.contains(fetch_accounts::ledger_name(account))) return true;
    if (account.secret.kind == fetch_accounts::SecretSource::Kind::ask) {
      say(printable(account.name) + ": its password can be asked for only at the start, so it is left out");
      return false;
    }
    const Complaints complaints(console_);
    if (take_secrets(account, place.secrets, complaints.console())) return true;
    say(printable(account.name) + ": " + complaints.text());
    return false;
  }

  void say_all(const std::string& account, const fetcher::Report& report, const fetch::Schedule& next) {
    for (const auto& remark : report.remarks) say(account + ": " + remark);
    for (const auto& trouble : report.troubles) say(account + ": " + trouble.what);
    if (report.fetched + report.heads + report.deleted > 0 || report.problem.empty()) {
      if (!options_.quiet) say(account + ": " + outcome_words(report));
    }
    if (report.problem.empty()) return;
    std::string after;
    if (!stopping_) after = "; tried again " + local_time(next.due());
    if (next.held()) after += ", or on SIGUSR1, or when the accounts are reread (SIGHUP)";
    say(account + ": " + problem_words(report) + after);
  }

  void say(const std::string& what) {
    console_.err << (has_journal() ? std::string() : utc_time(clock_.now()) + " ") << what << std::endl;
  }

  const FetchOptions& options_;
  const Clock& clock_;
  const Console& console_;
  Accounts accounts_;
  std::map<std::string, std::string> versions_;
  std::uint64_t changes_ = 0;
  std::string status_;
  bool stopping_ = false;
};

}  // namespace

ExitCode fetch_on(const std::vector<Account>& accounts, FetchPlace place, const FetchOptions& options,
                  const Console& console) {
  const SystemClock clock;
  FetchHousehold household(options, clock, console);
  auto kept = household.begin(accounts, std::move(place));
  if (!kept) return kept.error();
  fetcher::keep_fetching(std::move(*kept), household, clock);
  return ExitCode::ok;
}

}  // namespace fermo::commands
