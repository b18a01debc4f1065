#include "fermo/fetch_equipment.h"

#include <memory>
#include <string_view>
#include <utility>

#include "fermo/fetch_state.h"
#include "fermo/fetch_target.h"
#include "fetch/memory_ledger.h"

namespace fermo::commands {
namespace {

/// In the place of a target where nothing is delivered.
class NoTarget final : public fetch::Target {
 public:
  Result<fetch::Presence> find(std::string_view) override { return fetch::Presence::unknown; }
  Result<void> begin(const fetch::Incoming&) override { return fetch::Error::misused; }
  Result<void> append(std::string_view) override { return fetch::Error::misused; }
  Result<void> end() override { return fetch::Error::misused; }
  void abandon() override {}
  Result<void> commit() override { return fetch::Error::misused; }
  Result<std::string> mark() override { return std::string(); }
};

Outcome<std::unique_ptr<fetch::Ledger>> ledger_of(const FetchPlace& place, const std::string& account,
                                                  const Console& console) {
  auto ledger =
      place.dry_run ? look_at_ledger(place.state, account, console) : open_ledger(place.state, account, console);
  if (!ledger) return ledger.error();
  if (*ledger == nullptr) return std::unique_ptr<fetch::Ledger>(std::make_unique<fetch::MemoryLedger>());
  return std::unique_ptr<fetch::Ledger>(std::move(*ledger));
}

Outcome<std::unique_ptr<fetch::Target>> open_target_of(const fetch_accounts::Account& account, const TargetName& name,
                                                       const FetchPlace& place, fetch::Ledger& ledger,
                                                       const Clock& clock, const Console& console) {
  if (place.dry_run) return std::unique_ptr<fetch::Target>(std::make_unique<NoTarget>());
  const auto state = ledger.state();
  if (!state) return complain_of_ledger(state.error(), place.state, console);
  TargetOptions options{place.holder, account.target_access, account.archive};
  const auto& taken = place.secrets.of_targets;
  if (const auto secret = taken.find(fetch_accounts::ledger_name(account)); secret != taken.end()) {
    options.secret = secret->second;
  }
  return open_target(name, options, place.state, *state, clock, console);
}

}  // namespace

Outcome<fetcher::Job> equip(const fetch_accounts::Account& account, const FetchPlace& place, const Clock& clock,
                            fetcher::Observer& observer, const Console& console) {
  const auto target_name = parse_target(account.target, console);
  if (!target_name) return target_name.error();
  auto settings = settings_of(account, place.secrets, console);
  if (!settings) return settings.error();
  settings->dry_run = place.dry_run;
  if (target_name->forgets()) settings->batch_messages_max = 1;
  auto ledger = ledger_of(place, settings->account, console);
  if (!ledger) return ledger.error();
  auto target = open_target_of(account, *target_name, place, **ledger, clock, console);
  if (!target) return target.error();
  return fetcher::Job{std::move(*settings), std::move(*target), std::move(*ledger), observer};
}

}  // namespace fermo::commands
