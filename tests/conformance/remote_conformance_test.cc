#include "base/clock.h"
#include "conformance/store_conformance.h"
#include "maildrop/memory_maildrop.h"
#include "maildrop_ipc/remote_store.h"
#include "maildrop_ipc/store_service.h"
#include "maildrop_rocks/rocks_maildrop.h"
#include "support/temporary_folder.h"

namespace fermo::conformance {
namespace {

/// A store behind a socket. `Served` has `store()` and `reopen()` of its own.
template <class Served>
class RemoteUnderTest final : public StoreUnderTest {
 public:
  RemoteUnderTest() { connect(); }
  maildrop::Store& store() override { return *remote_; }

  void reopen() override {
    remote_.reset();
    service_.reset();
    served_.reopen();
    connect();
  }

 private:
  void connect() {
    const auto socket = folder_.path() / "control.sock";
    service_ = maildrop_ipc::StoreService::start(served_.store(), socket).value();
    remote_ = maildrop_ipc::RemoteStore::connect(socket).value();
  }

  support::TemporaryFolder folder_;
  Served served_;
  std::unique_ptr<maildrop_ipc::StoreService> service_;
  std::unique_ptr<maildrop_ipc::RemoteStore> remote_;
};

class ServedMemory {
 public:
  maildrop::Store& store() { return store_; }
  void reopen() {}

 private:
  SystemClock clock_;
  maildrop::MemoryMaildrop store_{clock_};
};

class ServedRocks {
 public:
  ServedRocks() { reopen(); }
  maildrop::Store& store() { return *store_; }

  void reopen() {
    store_.reset();
    rocks::Settings settings;
    settings.path = folder_.path() / "store";
    settings.clock = &clock_;
    store_ = rocks::RocksMaildrop::open(settings).value();
  }

 private:
  support::TemporaryFolder folder_;
  SystemClock clock_;
  std::unique_ptr<rocks::RocksMaildrop> store_;
};

FERMO_STORE_CONFORMANCE(RemoteMemory, {.name = "remote_memory",
                                       .make = [] { return std::make_unique<RemoteUnderTest<ServedMemory>>(); },
                                       .bounded_memory = false});
FERMO_STORE_CONFORMANCE(RemoteRocks, {.name = "remote_rocks",
                                      .make = [] { return std::make_unique<RemoteUnderTest<ServedRocks>>(); }});

}  // namespace
}  // namespace fermo::conformance
