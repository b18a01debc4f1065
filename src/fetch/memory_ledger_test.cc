#include "fetch/memory_ledger.h"

#include "fetch/ledger_conformance.h"

namespace fermo::fetch {
namespace {

class Harness final : public LedgerHarness {
 public:
  Ledger& ledger() override { return ledger_; }
  void reopen() override {}

 private:
  MemoryLedger ledger_;
};

INSTANTIATE_TEST_SUITE_P(MemoryLedger, LedgerConformance,
                         testing::Values(LedgerHarnessMaker([] { return std::make_unique<Harness>(); })),
                         [](const auto&) { return "InMemory"; });

}  // namespace
}  // namespace fermo::fetch
