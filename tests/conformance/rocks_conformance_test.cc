#include "base/clock.h"
#include "conformance/store_conformance.h"
#include "maildrop_rocks/rocks_maildrop.h"
#include "support/temporary_folder.h"

namespace fermo::conformance {
namespace {

class RocksUnderTest final : public StoreUnderTest {
 public:
  RocksUnderTest() { reopen(); }
  maildrop::Store& store() override { return *store_; }

  void reopen() override {
    store_.reset();
    rocks::Settings settings;
    settings.path = folder_.path() / "store";
    settings.clock = &clock_;
    // Small, so that a short test sees flushes and compactions too.
    settings.write_buffer_octets = std::size_t{4} << 20;
    settings.cache_octets = std::size_t{8} << 20;
    store_ = rocks::RocksMaildrop::open(settings).value();
  }

 private:
  support::TemporaryFolder folder_;
  SystemClock clock_;
  std::unique_ptr<rocks::RocksMaildrop> store_;
};

FERMO_STORE_CONFORMANCE(Rocks, {.name = "rocks", .make = [] { return std::make_unique<RocksUnderTest>(); }});

}  // namespace
}  // namespace fermo::conformance
