#include "base/clock.h"
#include "conformance/store_conformance.h"
#include "maildrop/memory_maildrop.h"

namespace fermo::conformance {
namespace {

class MemoryUnderTest final : public StoreUnderTest {
 public:
  maildrop::Store& store() override { return store_; }
  void reopen() override {}

 private:
  SystemClock clock_;
  maildrop::MemoryMaildrop store_{clock_};
};

FERMO_STORE_CONFORMANCE(Memory, {.name = "memory",
                                 .make = [] { return std::make_unique<MemoryUnderTest>(); },
                                 .bounded_memory = false});

}  // namespace
}  // namespace fermo::conformance
