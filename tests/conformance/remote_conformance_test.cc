#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <thread>

#include "base/clock.h"
#include "base/limits.h"
#include "conformance/store_conformance.h"
#include "maildrop/memory_maildrop.h"
#include "maildrop_ipc/channel_service.h"
#include "maildrop_ipc/grants.h"
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

/// What the process with the network sees of a store: channels for snapshots, each granted, and for deliveries. What it
/// may not ask for goes to the store itself.
class ChannelStore final : public maildrop::Store {
 public:
  ChannelStore(maildrop::Store& served, maildrop_ipc::Grants& grants, ipc::SocketPool& pool)
      : served_(served), grants_(grants), remote_(maildrop_ipc::RemoteStore::over(pool)) {}

  Result<std::unique_ptr<maildrop::Delivery>> begin_delivery() override { return remote_->begin_delivery(); }
  Result<std::unique_ptr<maildrop::Snapshot>> open(const DropId& drop) override {
    grants_.add(drop, maildrop_ipc::Grants::Clock::now());
    return remote_->open(drop);
  }
  Result<std::vector<maildrop::DropSummary>> list_drops(const std::optional<DropId>& after,
                                                        std::size_t count) override {
    return served_.list_drops(after, count);
  }
  Result<std::vector<mail::UniqueId>> list_imported(const DropId& drop, const std::optional<mail::UniqueId>& after,
                                                    std::size_t count) override {
    return served_.list_imported(drop, after, count);
  }
  Result<mail::DropListing> recount(const DropId& drop) override { return served_.recount(drop); }
  Result<maildrop::SweepReport> sweep() override { return served_.sweep(); }

 private:
  maildrop::Store& served_;
  maildrop_ipc::Grants& grants_;
  std::unique_ptr<maildrop_ipc::RemoteStore> remote_;
};

/// A store behind a few sockets that all share.
class ChannelsUnderTest final : public StoreUnderTest {
 public:
  ChannelsUnderTest() { connect(); }
  ~ChannelsUnderTest() override { disconnect(); }
  maildrop::Store& store() override { return *store_; }

  void reopen() override {
    disconnect();
    served_.reopen();
    connect();
  }

 private:
  void connect() {
    std::vector<Descriptor> ours, theirs;
    for (int i = 0; i < 8; ++i) {
      std::array<int, 2> pair{};
      if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) std::abort();
      ours.emplace_back(pair[0]);
      theirs.emplace_back(pair[1]);
    }
    pool_.replace(std::move(ours));
    service_ = std::thread([this, sockets = std::move(theirs)]() mutable {
      maildrop_ipc::serve_channels(served_.store(), grants_, std::move(sockets));
    });
    store_ = std::make_unique<ChannelStore>(served_.store(), grants_, pool_);
  }

  void disconnect() {
    store_.reset();
    pool_.replace({});
    service_.join();
  }

  ServedRocks served_;
  maildrop_ipc::Grants grants_;
  ipc::SocketPool pool_{limits::store_ipc_reply_time_max};
  std::thread service_;
  std::unique_ptr<ChannelStore> store_;
};

FERMO_STORE_CONFORMANCE(RemoteMemory, {.name = "remote_memory",
                                       .make = [] { return std::make_unique<RemoteUnderTest<ServedMemory>>(); },
                                       .bounded_memory = false});
FERMO_STORE_CONFORMANCE(RemoteRocks, {.name = "remote_rocks",
                                      .make = [] { return std::make_unique<RemoteUnderTest<ServedRocks>>(); }});

FERMO_STORE_CONFORMANCE(Channels, {.name = "channels", .make = [] { return std::make_unique<ChannelsUnderTest>(); }});

}  // namespace
}  // namespace fermo::conformance
