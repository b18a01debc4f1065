#pragma once

#include <map>
#include <string>

#include "fetch/ledger.h"

namespace fermo::fetch {

/// A ledger that lasts as long as this object: the reference for every other, and for a dry run.
class MemoryLedger final : public Ledger {
 public:
  Result<std::vector<Record>> load() override;
  Result<std::optional<Record>> find(std::string_view key) override;
  Result<AccountState> state() override { return state_; }
  Result<void> apply_each(const NextChange& next, const AccountState* state) override;

 private:
  using Records = std::map<std::string, Record, std::less<>>;
  Records records_;
  AccountState state_;
};

}  // namespace fermo::fetch
