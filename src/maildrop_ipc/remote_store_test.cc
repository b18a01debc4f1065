#include "maildrop_ipc/remote_store.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/limits.h"
#include "ipc/frame_socket.h"
#include "mail/wire_message.h"
#include "maildrop/memory_maildrop.h"
#include "maildrop_ipc/counted_checkpoints.h"
#include "maildrop_ipc/store_service.h"
#include "maildrop_ipc/wire.h"

namespace fermo::maildrop_ipc {
namespace {

using ipc::connect_to;
using ipc::FrameSocket;
using ipc::listen_at;
using maildrop::Error;

DropId drop(std::string_view text) {
  return DropId::from(text).value();
}

mail::WireSummary summary_of(std::string_view wire) {
  return {Octets{wire.size()}, Octets{wire.size()}, Octets{0}};
}

/// A folder of its own, gone at the end.
class Folder {
 public:
  Folder() : path_((std::filesystem::temp_directory_path() / "fermo-ipc-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(std::string_view name) const { return std::filesystem::path(path_) / name; }

 private:
  std::string path_;
};

class RemoteStoreTest : public testing::Test {
 protected:
  void serve(std::size_t connections_max = limits::store_ipc_connections_max) {
    service_ = StoreService::start(store_, socket_path_, connections_max).value();
  }
  std::unique_ptr<RemoteStore> connect() { return RemoteStore::connect(socket_path_).value(); }

  Result<std::vector<mail::UniqueId>> deliver(maildrop::Store& store, std::string_view wire,
                                              const std::vector<maildrop::Recipient>& recipients) {
    auto delivery = store.begin_delivery().value();
    if (const auto appended = delivery->append(wire); !appended) return appended.error();
    return delivery->finish(summary_of(wire), recipients, clock_.now());
  }

  static std::string read_all(maildrop::Cursor& cursor) {
    std::string whole, piece;
    while (cursor.next(piece).value()) whole += piece;
    return whole;
  }

  Folder folder_;
  std::filesystem::path socket_path_ = folder_ / "control.sock";
  ManualClock clock_;
  maildrop::MemoryMaildrop store_{clock_};
  std::unique_ptr<StoreService> service_;
};

TEST_F(RemoteStoreTest, DeliversListsReadsAndDeletes) {
  serve();
  const auto remote = connect();
  const std::string large(3 * limits::message_piece_octets_max + 17, 'x');
  ASSERT_TRUE(deliver(*remote, "first\r\n", {{drop("ann"), "", std::nullopt}}));
  const auto ids = deliver(*remote, large, {{drop("ann"), "X: 1\r\n", std::nullopt}, {drop("bob"), "", std::nullopt}});
  ASSERT_TRUE(ids);

  const auto snapshot = remote->open(drop("ann")).value();
  EXPECT_EQ(snapshot->drop_listing(), (mail::DropListing{2, Octets{large.size() + 13}}));
  const auto listings = snapshot->scan_listings(MessageNumber::at_index(0), limits::scan_listings_at_once_max).value();
  ASSERT_EQ(listings.size(), 2u);
  EXPECT_EQ(listings[1].unique_id, ids->at(0));

  const auto cursor = snapshot->read(MessageNumber::at_index(1)).value();
  EXPECT_EQ(cursor->summary().wire_octets.value, large.size() + 6);
  EXPECT_EQ(read_all(*cursor), "X: 1\r\n" + large);

  const std::vector twice{MessageNumber::at_index(1), MessageNumber::at_index(1)};
  ASSERT_TRUE(snapshot->commit_deletions(twice));
  EXPECT_EQ(read_all(*snapshot->read(MessageNumber::at_index(1)).value()), "X: 1\r\n" + large);
  EXPECT_EQ(remote->recount(drop("ann")).value(), (mail::DropListing{1, Octets{7}}));
  const auto drops = remote->list_drops(drop("ann"), 10).value();
  ASSERT_EQ(drops.size(), 1u);
  EXPECT_EQ(drops[0].drop, drop("bob"));
  EXPECT_EQ(remote->sweep()->bodies_removed, 0u);
}

TEST_F(RemoteStoreTest, SnapshotAndCursorsLiveIndependently) {
  serve();
  const auto remote = connect();
  ASSERT_TRUE(deliver(*remote, "first\r\n", {{drop("ann"), "", std::nullopt}}));
  auto snapshot = remote->open(drop("ann")).value();
  const auto one = snapshot->read(MessageNumber::at_index(0)).value();
  const auto other = snapshot->read(MessageNumber::at_index(0)).value();
  EXPECT_EQ(read_all(*one), "first\r\n");
  snapshot.reset();
  EXPECT_EQ(read_all(*other), "first\r\n");
}

TEST_F(RemoteStoreTest, CursorsThatAreLeftAreLetGo) {
  serve();
  const auto remote = connect();
  ASSERT_TRUE(deliver(*remote, std::string(3 * limits::message_piece_octets_max, 'x'), {{drop("ann"), "", std::nullopt}}));
  const auto snapshot = remote->open(drop("ann")).value();
  for (std::size_t i = 0; i < 3 * limits::store_ipc_cursors_max; ++i) {
    ASSERT_TRUE(snapshot->read(MessageNumber::at_index(0))) << i;
  }
}

TEST_F(RemoteStoreTest, ErrorsOfTheStoreArriveAsTheyAre) {
  serve();
  const auto remote = connect();
  const auto imported = mail::UniqueId::from("imported");
  ASSERT_TRUE(deliver(*remote, "first\r\n", {{drop("ann"), "", imported}}));
  EXPECT_EQ(deliver(*remote, "first\r\n", {{drop("ann"), "", imported}}).error(), Error::duplicate);
  const auto snapshot = remote->open(drop("ann")).value();
  EXPECT_EQ(snapshot->read(MessageNumber::at_index(1)).error(), Error::no_such_message);
  const std::vector beyond{MessageNumber::at_index(0), MessageNumber::at_index(1)};
  EXPECT_EQ(snapshot->commit_deletions(beyond).error(), Error::no_such_message);
  EXPECT_EQ(remote->recount(drop("ann"))->messages, 1u);
}

TEST_F(RemoteStoreTest, DeletesMoreMessagesThanOneFrameNames) {
  serve();
  const auto remote = connect();
  const std::size_t count = limits::store_ipc_deletions_at_once_max + 5;
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_TRUE(deliver(store_, "x\r\n", {{drop("ann"), "", std::nullopt}}));
  }
  const auto snapshot = remote->open(drop("ann")).value();
  std::vector<MessageNumber> all;
  for (std::size_t i = 0; i + 1 < count; ++i) all.push_back(MessageNumber::at_index(i));
  ASSERT_TRUE(snapshot->commit_deletions(all));
  EXPECT_EQ(store_.recount(drop("ann"))->messages, 1u);
}

TEST_F(RemoteStoreTest, DeliversToMoreRecipientsThanOneFrameNames) {
  serve();
  const std::vector<maildrop::Recipient> many(limits::store_ipc_recipients_at_once_max + 1,
                                              {drop("ann"), "", std::nullopt});
  EXPECT_EQ(deliver(*connect(), "x\r\n", many)->size(), many.size());
  const std::vector<maildrop::Recipient> too_many(limits::store_ipc_recipients_max + 1,
                                                  {drop("ann"), "", std::nullopt});
  EXPECT_EQ(deliver(*connect(), "x\r\n", too_many).error(), Error::unsupported);
}

TEST_F(RemoteStoreTest, ADeliveryThatIsNotFinishedHasGoneWhenItIsDestroyed) {
  serve(1);
  for (int i = 0; i < 20; ++i) {
    const auto delivery = connect()->begin_delivery();
    ASSERT_TRUE(delivery) << "connection " << i << " found the one before still there";
    ASSERT_TRUE((*delivery)->append("x\r\n"));
  }
  EXPECT_EQ(store_.recount(drop("ann"))->messages, 0u);
}

TEST_F(RemoteStoreTest, NobodyServesThere) {
  EXPECT_EQ(RemoteStore::connect(socket_path_).error(), boost::system::errc::no_such_file_or_directory);
  serve();
  service_->stop();
  EXPECT_FALSE(std::filesystem::exists(socket_path_));
  const auto abandoned = listen_at(socket_path_).value().get() >= 0;  // closed again at once, the file stays
  EXPECT_TRUE(abandoned);
  EXPECT_EQ(RemoteStore::connect(socket_path_).error(), boost::system::errc::connection_refused);
}

TEST_F(RemoteStoreTest, ReplacesTheSocketOfADeadProcess) {
  listen_at(socket_path_).value();
  serve();
  EXPECT_TRUE(connect());
}

TEST_F(RemoteStoreTest, TheSocketIsForItsOwnerAlone) {
  const auto before = ::umask(0);
  serve();
  ::umask(before);
  struct ::stat status{};
  ASSERT_EQ(::stat(socket_path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(RemoteStoreTest, APathTooLongForASocketAddressWorks) {
  const auto deep = folder_ / std::string(150, 'd');
  std::filesystem::create_directory(deep);
  socket_path_ = deep / "control.sock";
  serve();
  EXPECT_TRUE(connect()->sweep());
}

TEST_F(RemoteStoreTest, MoreConnectionsThanAllowedAreUnavailable) {
  serve(2);
  const auto first = connect()->open(drop("ann")).value();
  auto second = connect()->open(drop("ann")).value();
  EXPECT_EQ(RemoteStore::connect(socket_path_).error(), Error::unavailable);
  second.reset();
  EXPECT_TRUE(RemoteStore::connect(socket_path_));
}

TEST_F(RemoteStoreTest, AfterStopEveryHandleIsUnavailable) {
  serve();
  const auto remote = connect();
  ASSERT_TRUE(
      deliver(*remote, std::string(limits::message_piece_octets_max + 1, 'x'), {{drop("ann"), "", std::nullopt}}));
  const auto snapshot = remote->open(drop("ann")).value();
  const auto cursor = snapshot->read(MessageNumber::at_index(0)).value();
  const auto delivery = remote->begin_delivery().value();
  service_->stop();
  std::string piece;
  EXPECT_TRUE(cursor->next(piece).value()) << "the first one has come already";
  EXPECT_EQ(cursor->next(piece).error(), Error::unavailable);
  EXPECT_EQ(snapshot->scan_listings(MessageNumber::at_index(0), 1).error(), Error::unavailable);
  EXPECT_EQ(delivery->append("x").error(), Error::unavailable);
  EXPECT_EQ(remote->open(drop("ann")).error(), Error::unavailable);
  EXPECT_EQ(remote->list_drops(std::nullopt, 1).error(), Error::unavailable);
}

TEST_F(RemoteStoreTest, ManyThreadsDeliverAtOnce) {
  serve();
  const auto remote = connect();
  std::vector<std::thread> threads;
  std::atomic<int> delivered = 0;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        if (deliver(*remote, "text\r\n", {{drop("ann"), "", std::nullopt}})) ++delivered;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(delivered, 200);
  EXPECT_EQ(remote->recount(drop("ann")).value(), (mail::DropListing{200, Octets{1200}}));
}

TEST_F(RemoteStoreTest, AStrangerOnTheSocketDisturbsNobody) {
  serve(2);
  auto stranger = connect_to(socket_path_).value();
  ASSERT_TRUE(stranger.send("GET / HTTP/1.1"));
  std::string payload;
  EXPECT_FALSE(stranger.receive(payload)) << "the connection is closed without a reply";
  EXPECT_TRUE(connect()->sweep());
}

ipc::Frame frame_of(const Reply& reply) {
  auto [head, rest] = encode(reply);
  return {std::move(head), std::string(rest)};
}

/// Serves one connection by a script, to be wrong on purpose.
class FakeServer {
 public:
  FakeServer(const std::filesystem::path& path, std::vector<ipc::Frame> replies)
      : listener_(listen_at(path).value()), thread_([this, replies = std::move(replies)] {
          FrameSocket socket{Descriptor(::accept(listener_.get(), nullptr, nullptr))};
          ipc::Frame request;
          for (const auto& reply : replies) {
            if (!socket.receive(request) || !socket.send(reply.head, reply.rest)) return;
          }
          socket.receive(request);
        }) {}
  ~FakeServer() { thread_.join(); }

 private:
  Descriptor listener_;
  std::thread thread_;
};

/// The server answers the greeting on one connection, and serves `replies` on the next.
Result<std::unique_ptr<maildrop::Delivery>> begin_delivery_with(const std::filesystem::path& path,
                                                                std::unique_ptr<FakeServer>& server,
                                                                std::vector<ipc::Frame> replies) {
  server = std::make_unique<FakeServer>(path, std::vector{frame_of(reply::Done{})});
  auto remote = RemoteStore::connect(path);
  if (!remote) return remote.error();
  server = std::make_unique<FakeServer>(path, std::move(replies));
  return (*remote)->begin_delivery();
}

TEST_F(RemoteStoreTest, AConnectionLostAfterFinishLeavesTheOutcomeUnknown) {
  const auto done = frame_of(reply::Done{});
  std::unique_ptr<FakeServer> server;
  const auto delivery = begin_delivery_with(socket_path_, server, {done, done, done, done}).value();
  ASSERT_TRUE(delivery->append("x\r\n"));
  const std::vector<maildrop::Recipient> ann{{drop("ann"), "", std::nullopt}};
  EXPECT_EQ(delivery->finish(summary_of("x\r\n"), ann, clock_.now()).error(), Error::unknown);
}

TEST_F(RemoteStoreTest, AConnectionLostBeforeFinishHasDeliveredNothing) {
  const auto done = frame_of(reply::Done{});
  std::unique_ptr<FakeServer> server;
  const auto delivery = begin_delivery_with(socket_path_, server, {done, done}).value();
  EXPECT_EQ(delivery->append("x\r\n").error(), Error::unavailable);
}

TEST_F(RemoteStoreTest, AReplyOfAnotherKindEndsTheConnection) {
  const auto done = frame_of(reply::Done{});
  std::unique_ptr<FakeServer> server;
  const auto delivery = begin_delivery_with(socket_path_, server, {done, done, frame_of(reply::Swept{})}).value();
  EXPECT_EQ(delivery->append("x\r\n").error(), Error::unavailable);
  EXPECT_EQ(delivery->append("x\r\n").error(), Error::unavailable);
}

TEST_F(RemoteStoreTest, AReplyThatIsNoneEndsTheConnection) {
  std::unique_ptr<FakeServer> server;
  EXPECT_EQ(begin_delivery_with(socket_path_, server, {frame_of(reply::Done{}), {"nonsense", ""}}).error(),
            Error::unavailable);
}

TEST_F(RemoteStoreTest, AServerThatDoesNotAnswerIsNotWaitedForLonger) {
  const auto listener = listen_at(socket_path_).value();
  EXPECT_EQ(RemoteStore::connect(socket_path_, std::chrono::milliseconds(20)).error(), Error::unavailable);
}

TEST_F(RemoteStoreTest, AMessageThatEndsEarlyIsNotPassedOffAsWhole) {
  const auto done = frame_of(reply::Done{});
  auto server = std::make_unique<FakeServer>(socket_path_, std::vector{done});
  const auto remote = connect();
  const std::vector replies{done, frame_of(reply::Opened{{1, Octets{9}}}),
                            frame_of(reply::Reading{1, {Octets{9}, Octets{9}, Octets{0}}, "half", false}),
                            frame_of(reply::Piece{{}, true}), done};
  server = std::make_unique<FakeServer>(socket_path_, replies);
  const auto snapshot = remote->open(drop("ann")).value();
  const auto cursor = snapshot->read(MessageNumber::at_index(0)).value();
  std::string piece;
  ASSERT_TRUE(cursor->next(piece).value());
  EXPECT_EQ(cursor->next(piece).error(), Error::corrupt);
}

TEST_F(RemoteStoreTest, MessagesReadInOrderComeTogetherAndStayThemselves) {
  serve();
  const auto remote = connect();
  std::vector<std::string> messages;
  for (std::size_t i = 0; i < 200; ++i) messages.push_back(std::string(i * 11 % 1500, static_cast<char>('a' + i % 26)));
  messages[50] = std::string(limits::message_piece_octets_max, 'x');
  messages[51] = std::string(2 * limits::message_piece_octets_max + 9, 'y');
  for (const auto& message : messages) ASSERT_TRUE(deliver(store_, message, {{drop("ann"), "", std::nullopt}}));
  const auto snapshot = remote->open(drop("ann")).value();
  const auto expect = [&](std::size_t index) {
    const auto cursor = snapshot->read(MessageNumber::at_index(index)).value();
    EXPECT_EQ(cursor->summary(), summary_of(messages[index])) << index;
    EXPECT_EQ(read_all(*cursor), messages[index]) << index;
  };
  for (std::size_t index = 0; index < messages.size(); ++index) expect(index);
  for (const std::size_t index : {3u, 4u, 5u, 5u, 4u, 6u, 7u, 8u, 199u, 9u, 10u, 11u, 12u, 198u, 199u, 13u})
    expect(index);
}

TEST_F(RemoteStoreTest, AMessageThatComesWithoutBeingAskedForIsRefused) {
  const auto done = frame_of(reply::Done{});
  auto server = std::make_unique<FakeServer>(socket_path_, std::vector{done});
  const auto remote = connect();
  const mail::WireSummary three{Octets{3}, Octets{3}, Octets{0}};
  const std::vector replies{done, frame_of(reply::Opened{{2, Octets{6}}}),
                            frame_of(reply::Reading{0, three, "onetwo", true, {three}})};
  server = std::make_unique<FakeServer>(socket_path_, replies);
  const auto snapshot = remote->open(drop("ann")).value();
  EXPECT_EQ(snapshot->read(MessageNumber::at_index(0)).error(), Error::unavailable);
}

/// A store whose begin_delivery() waits until it is let go.
class SlowStore final : public maildrop::Store {
 public:
  Result<std::unique_ptr<maildrop::Delivery>> begin_delivery() override {
    std::unique_lock lock(mutex_);
    entered_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return released_; });
    finished_ = true;
    return Error::unavailable;
  }
  Result<std::unique_ptr<maildrop::Snapshot>> open(const DropId&) override { throw std::bad_alloc(); }
  Result<std::vector<maildrop::DropSummary>> list_drops(const std::optional<DropId>&, std::size_t) override {
    return Error::unavailable;
  }
  Result<std::vector<mail::UniqueId>> list_imported(const DropId&, const std::optional<mail::UniqueId>&,
                                                    std::size_t) override {
    return Error::unavailable;
  }
  Result<mail::DropListing> recount(const DropId&) override { return Error::unavailable; }
  Result<maildrop::SweepReport> sweep() override { return maildrop::SweepReport{3}; }

  void await_call() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return entered_; });
  }
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  bool finished() const { return finished_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool entered_ = false;
  bool released_ = false;
  std::atomic<bool> finished_ = false;
};

TEST_F(RemoteStoreTest, StopWaitsForTheCallThatIsUnderWay) {
  SlowStore slow;
  const auto service = StoreService::start(slow, socket_path_).value();
  const auto remote = connect();
  std::thread caller([&] { EXPECT_EQ(remote->begin_delivery().error(), Error::unavailable); });
  slow.await_call();
  std::thread stopper([&] {
    service->stop();
    EXPECT_TRUE(slow.finished());
  });
  slow.release();
  stopper.join();
  caller.join();
}

TEST_F(RemoteStoreTest, ACheckpointIsHeldOnTheOtherSideForAsLongAsItIsHeldHere) {
  CountedCheckpoints checkpoints;
  const auto service =
      StoreService::start(store_, socket_path_, limits::store_ipc_connections_max, &checkpoints).value();
  const auto remote = connect();
  {
    const auto first = remote->take_checkpoint().value();
    const auto second = remote->take_checkpoint().value();
    EXPECT_EQ(first->name(), "checkpoint-1");
    EXPECT_EQ(second->name(), "checkpoint-2");
    EXPECT_EQ(checkpoints.held(), 2u);
  }
  checkpoints.await_held(0);
}

TEST_F(RemoteStoreTest, AServiceThatStopsHoldsNoCheckpointAnyMore) {
  CountedCheckpoints checkpoints;
  const auto service =
      StoreService::start(store_, socket_path_, limits::store_ipc_connections_max, &checkpoints).value();
  const auto held_here = connect()->take_checkpoint().value();
  service->stop();
  EXPECT_EQ(checkpoints.held(), 0u);
}

TEST_F(RemoteStoreTest, WhyThereIsNoCheckpointIsTold) {
  CountedCheckpoints checkpoints;
  const auto service =
      StoreService::start(store_, socket_path_, limits::store_ipc_connections_max, &checkpoints).value();
  checkpoints.refuse(Error::out_of_space);
  EXPECT_EQ(connect()->take_checkpoint().error(), Error::out_of_space);
}

TEST_F(RemoteStoreTest, AnExceptionInTheStoreEndsOnlyItsConnection) {
  SlowStore throwing;
  const auto service = StoreService::start(throwing, socket_path_).value();
  EXPECT_EQ(connect()->open(drop("ann")).error(), Error::unavailable);
  EXPECT_EQ(connect()->sweep()->bodies_removed, 3u);
}

}  // namespace
}  // namespace fermo::maildrop_ipc
