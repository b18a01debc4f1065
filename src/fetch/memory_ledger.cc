#include "fetch/memory_ledger.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace fermo::fetch {

Result<std::vector<Record>> MemoryLedger::load() {
  std::vector<Record> all;
  for (const auto& [key, record] : records_) all.push_back(record);
  std::ranges::sort(all, {}, [](const Record& record) { return std::tie(record.position, record.key); });
  return all;
}

Result<std::optional<Record>> MemoryLedger::find(std::string_view key) {
  const auto found = records_.find(key);
  if (found == records_.end()) return std::optional<Record>();
  return std::optional<Record>(found->second);
}

Result<void> MemoryLedger::apply_each(const NextChange& next, const AccountState* state) {
  std::map<std::string, std::optional<Record>> touched;
  while (const auto change = next()) {
    const std::string& key = key_of(*change);
    auto [at, fresh] = touched.try_emplace(key);
    if (fresh) at->second = *find(key);
    auto outcome = changed(at->second, *change);
    if (!outcome) return outcome.error();
    at->second = std::move(*outcome);
  }
  for (auto& [key, record] : touched) {
    if (record) {
      records_.insert_or_assign(key, std::move(*record));
    } else {
      records_.erase(key);
    }
  }
  if (state != nullptr) state_ = *state;
  return {};
}

}  // namespace fermo::fetch
