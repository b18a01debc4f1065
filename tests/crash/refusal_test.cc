#include <fcntl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>

#include "base/failure.h"
#include "crash/newer_version.h"
#include "crash/rocks_fixture.h"
#include "maildrop/error.h"

namespace fermo::crash {
namespace {

using namespace conformance;
using Fault = SimulatedDisk::Fault;
using maildrop::Error;
using testing::AnyOf;
using testing::HasSubstr;

class Refusal : public RocksOnDisk {};

TEST_F(Refusal, AFullDiskRefusesMailKeepsServingAndTakesMailAgainByItself) {
  open();
  deliver(store(), wire_message(1, 20'000), "anna");
  const auto session = value_of(store().open(drop("anna")));
  disk().set_fault(Fault::full);
  EXPECT_EQ(try_deliver(store(), wire_message(2, 20'000), {recipient("anna")}).error(), Error::out_of_space);
  EXPECT_FALSE(store().writable());
  EXPECT_EQ(try_deliver(store(), wire_message(2, 20'000), {recipient("anna")}).error(), Failure::temporary);
  EXPECT_EQ(session->commit_deletions(numbers({1})).error(), Error::out_of_space);
  EXPECT_EQ(contents(store(), "anna"), std::vector{wire_message(1, 20'000)});

  disk().set_fault(Fault::none);
  deliver_once_it_works(wire_message(3, 20'000), "anna");
  EXPECT_TRUE(store().writable());
  EXPECT_EQ(contents(store(), "anna"), (std::vector{wire_message(1, 20'000), wire_message(3, 20'000)}));
  kill_and_copy();
  open();
  EXPECT_EQ(contents(store(), "anna"), (std::vector{wire_message(1, 20'000), wire_message(3, 20'000)}));
  EXPECT_EQ(drop_listing(store(), "anna"), value_of(store().recount(drop("anna"))));
}

TEST_F(Refusal, ADiskThatFillsUpInTheMiddleOfALargeMessageKeepsNothingOfIt) {
  open();
  const std::string wire = wire_message(1, 300'000);
  auto delivery = value_of(store().begin_delivery());
  done(delivery->append(std::string_view(wire).substr(0, 65'536)));
  disk().set_fault(Fault::full);
  EXPECT_TRUE(delivery->append(std::string_view(wire).substr(65'536, 65'536)).has_error());
  const std::vector recipients{recipient("anna")};
  EXPECT_TRUE(delivery->finish(summary_of(wire), recipients, Timestamp{}).has_error());
  delivery.reset();
  disk().set_fault(Fault::none);
  deliver_once_it_works(wire_message(2, 100'000), "anna");
  value_of(store().sweep());
  EXPECT_EQ(value_of(store().sweep()).bodies_removed, 0u);
  EXPECT_EQ(contents(store(), "anna"), std::vector{wire_message(2, 100'000)});
}

TEST_F(Refusal, ManyTimesFullLosesNothing) {
  open();
  std::vector<std::string> acknowledged;
  for (std::uint64_t round = 0; round < 8; ++round) {
    disk().set_fault(Fault::full);
    for (std::uint64_t n = 0; n < 5; ++n) {
      EXPECT_TRUE(try_deliver(store(), wire_message(n, 5000), {recipient("anna")}).has_error());
    }
    disk().set_fault(Fault::none);
    acknowledged.push_back(wire_message(100 + round, 5000));
    deliver_once_it_works(acknowledged.back(), "anna");
    if (round % 3 == 2) {
      kill_and_copy();
      open();
    }
    EXPECT_EQ(contents(store(), "anna"), acknowledged);
  }
}

TEST_F(Refusal, ADiskThatBecomesReadOnlyIsServedFromAndWrittenToAgainLater) {
  open();
  deliver(store(), wire_message(1, 20'000), "anna");
  disk().set_fault(Fault::read_only);
  const auto refused = try_deliver(store(), wire_message(2, 20'000), {recipient("anna")});
  EXPECT_THAT(refused.error(), AnyOf(Error::unknown, Error::unavailable));
  EXPECT_FALSE(store().writable());
  disk().set_fault(Fault::none);
  deliver_once_it_works(wire_message(3, 20'000), "anna");
  const auto messages = contents(store(), "anna");
  EXPECT_EQ(messages.front(), wire_message(1, 20'000));
  EXPECT_EQ(messages.back(), wire_message(3, 20'000));
  EXPECT_THAT(said(), HasSubstr("takes mail again"));
}

TEST_F(Refusal, ASessionWhoseDatabaseWasOpenedAnewFailsCleanly) {
  open();
  deliver(store(), wire_message(1, 200'000), "anna");
  const auto session = value_of(store().open(drop("anna")));
  auto cursor = value_of(session->read(MessageNumber::at_index(0)));
  auto delivery = value_of(store().begin_delivery());
  done(delivery->append(wire_message(2, 65'536)));
  disk().set_fault(Fault::read_only);
  EXPECT_TRUE(try_deliver(store(), wire_message(3, 20'000), {recipient("bert")}).has_error());
  disk().set_fault(Fault::none);
  deliver_once_it_works(wire_message(4, 20'000), "carl");
  std::string piece;
  EXPECT_EQ(cursor->next(piece).error(), Error::unavailable);
  EXPECT_EQ(session->commit_deletions(numbers({1})).error(), Error::unavailable);
  EXPECT_EQ(delivery->append(wire_message(2, 65'536)).error(), Error::unavailable);
  EXPECT_EQ(contents(store(), "anna"), std::vector{wire_message(1, 200'000)});
}

TEST_F(Refusal, DeliveriesEndBeforeTheDiskIsFullSoThatDeletionsDoNot) {
  open();
  deliver(store(), wire_message(1, 1000), "anna");
  close();
  rocks::Settings cautious = settings();
  cautious.free_octets_min = UINT64_MAX;
  const auto opened = try_open(cautious).value();
  EXPECT_EQ(opened->begin_delivery().error(), Error::out_of_space);
  erase_all(*opened, "anna");
  EXPECT_EQ(drop_listing(*opened, "anna").messages, 0u);
}

TEST_F(Refusal, AFolderOnAReadOnlyDiskIsNamedInTheReason) {
  open();
  close();
  disk().set_fault(Fault::read_only);
  const auto opened = try_open(settings());
  ASSERT_TRUE(opened.has_error());
  EXPECT_EQ(opened.error().code, Failure::temporary);
  EXPECT_FALSE(opened.error().held_by_another_process);
  EXPECT_THAT(opened.error().text, HasSubstr(path().string()));
  EXPECT_THAT(opened.error().text, HasSubstr("Read-only"));
}

TEST_F(Refusal, AFullDiskAtTheStartIsNamedInTheReason) {
  disk().set_fault(Fault::full);
  const auto opened = try_open(settings());
  ASSERT_TRUE(opened.has_error());
  EXPECT_EQ(opened.error().code, Error::out_of_space);
  EXPECT_THAT(opened.error().text, HasSubstr("full"));
}

TEST_F(Refusal, AFileInTheWayIsNamedInTheReason) {
  std::ofstream(path()) << "in the way";
  const auto opened = try_open(settings());
  ASSERT_TRUE(opened.has_error());
  EXPECT_THAT(opened.error().text, HasSubstr(path().string()));
}

TEST_F(Refusal, AStoreThatIsOpenInThisProcessIsNotOpenedTwice) {
  open();
  const auto opened = try_open(settings());
  ASSERT_TRUE(opened.has_error());
  EXPECT_TRUE(opened.error().held_by_another_process);
}

/// Holds the lock of the store from another process until told to let go.
class OtherProcess {
 public:
  explicit OtherProcess(const std::filesystem::path& lock_file) {
    std::array<int, 2> ready{};
    if (pipe(ready.data()) != 0 || pipe(release_.data()) != 0) throw std::runtime_error("no pipe");
    child_ = fork();
    if (child_ == 0) hold(lock_file, ready[1]);
    char octet;
    if (::read(ready[0], &octet, 1) != 1) throw std::runtime_error("the other process did not start");
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~OtherProcess() {
    ::close(release_[0]);
    ::close(release_[1]);
    waitpid(child_, nullptr, 0);
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

 private:
  [[noreturn]] void hold(const std::filesystem::path& lock_file, int ready) {
    ::close(release_[1]);
    const int file = ::open(lock_file.c_str(), O_RDWR | O_CREAT, 0644);
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    const bool held = fcntl(file, F_SETLK, &lock) == 0;
    char octet = 0;
    if (held && write(ready, &octet, 1) == 1 && ::read(release_[0], &octet, 1) < 0) _exit(1);
    _exit(0);
  }

  std::array<int, 2> release_{};
  pid_t child_ = -1;
};

TEST_F(Refusal, AStoreThatAnotherProcessHasOpenIsSaidToBe) {
  std::filesystem::create_directory(path());
  {
    const OtherProcess other(path() / "LOCK");
    const auto opened = try_open(settings());
    ASSERT_TRUE(opened.has_error());
    EXPECT_TRUE(opened.error().held_by_another_process);
    EXPECT_EQ(opened.error().code, Failure::temporary);
    EXPECT_THAT(opened.error().text, HasSubstr("another process"));
  }
  open();
  deliver(store(), wire_message(1, 100), "anna");
}

TEST_F(Refusal, AStoreOfANewerVersionIsLeftAlone) {
  open();
  deliver(store(), wire_message(1, 100), "anna");
  close();
  add_table_of_a_newer_version(path());
  const auto opened = try_open(settings());
  ASSERT_TRUE(opened.has_error());
  EXPECT_EQ(opened.error().code, Error::unsupported);
  EXPECT_THAT(opened.error().text, HasSubstr("index-2"));
  EXPECT_THAT(opened.error().text, HasSubstr("newer"));
}

/// A small real file system in memory; goes with this object.
class SmallDisk {
 public:
  explicit SmallDisk(std::filesystem::path path) : path_(std::move(path)) {
    std::filesystem::create_directory(path_);
    mounted_ = mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=24m") == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }

 private:
  const std::filesystem::path path_;
  bool mounted_ = false;
};

/// After a full disk the store is opened anew once there is room for its log; meanwhile it asks everybody to come
/// again.
std::vector<std::string> contents_in_the_end(maildrop::Store& store, std::string_view drop_name) {
  for (const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);; std::this_thread::yield()) {
    try {
      return contents(store, drop_name);
    } catch (const std::runtime_error&) {
      if (std::chrono::steady_clock::now() >= end) throw;
    }
  }
}

TEST_F(Refusal, ARealDiskThatFillsUpLosesNothingThatWasAcknowledged) {
  const auto mount_point = outside() / "small";
  const SmallDisk small(mount_point);
  if (!small.mounted()) GTEST_SKIP() << "only root may mount a small disk; the simulated one was tested above";
  const auto ballast = mount_point / "ballast";
  std::ofstream(ballast) << std::string(8 << 20, 'x');
  rocks::Settings on_small = settings();
  on_small.path = mount_point / "store";
  std::vector<std::string> acknowledged;
  {
    const auto store = rocks::RocksMaildrop::open(on_small).value();
    for (std::uint64_t n = 0;; ++n) {
      const auto outcome = try_deliver(*store, wire_message(n, 200'000), {recipient("anna")});
      if (outcome.has_error()) {
        EXPECT_EQ(outcome.error(), Failure::temporary);
        break;
      }
      acknowledged.push_back(wire_message(n, 200'000));
    }
    EXPECT_GE(acknowledged.size(), 10u);
    EXPECT_EQ(contents_in_the_end(*store, "anna"), acknowledged);
    std::filesystem::remove(ballast);
    acknowledged.push_back(wire_message(1000, 200'000));
    while (try_deliver(*store, acknowledged.back(), {recipient("anna")}).has_error()) std::this_thread::yield();
    EXPECT_EQ(contents_in_the_end(*store, "anna"), acknowledged);
  }
  const auto store = rocks::RocksMaildrop::open(on_small).value();
  EXPECT_EQ(contents(*store, "anna"), acknowledged);
  EXPECT_EQ(drop_listing(*store, "anna"), value_of(store->recount(drop("anna"))));
}

}  // namespace
}  // namespace fermo::crash
