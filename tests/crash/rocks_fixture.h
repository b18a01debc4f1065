#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "conformance/store_helpers.h"
#include "crash/simulated_disk.h"
#include "maildrop_rocks/internal.h"
#include "support/temporary_folder.h"

namespace fermo::crash {

/// An embedded store in a folder of its own, on a simulated disk.
class RocksOnDisk : public testing::Test {
 protected:
  rocks::Settings settings() {
    rocks::Settings made;
    made.path = path();
    made.clock = &clock_;
    made.write_buffer_octets = std::size_t{4} << 20;
    made.cache_octets = std::size_t{4} << 20;
    made.free_octets_min = 0;
    made.log = [this](rocks::Severity, std::string_view text) {
      const std::lock_guard lock(mutex_);
      log_ += std::string(text) + "\n";
    };
    return made;
  }

  rocks::RocksMaildrop::Opened try_open(rocks::Settings with) {
    return rocks::Internal::open(std::move(with), {.file_system = disk_.file_system()});
  }
  void open() { store_ = try_open(settings()).value(); }
  void close() { store_.reset(); }
  rocks::RocksMaildrop& store() { return *store_; }

  /// Takes a copy of the files as they are, which is what a killed process leaves, and goes on with that.
  void kill_and_copy() {
    const auto copy = folder_.path() / "copy";
    // The store goes on tidying up: without standstill the copy would be no state that it was ever in.
    disk_.at_a_standstill([&] { std::filesystem::copy(path(), copy, std::filesystem::copy_options::recursive); });
    close();
    std::filesystem::remove_all(path());
    std::filesystem::rename(copy, path());
  }

  std::filesystem::path path() const { return folder_.path() / "store"; }
  std::filesystem::path outside() const { return folder_.path(); }
  std::vector<std::filesystem::path> files(std::string_view extension) const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
      if (entry.path().extension() == extension) found.push_back(entry.path());
    }
    std::ranges::sort(found);
    return found;
  }
  std::string said() {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  /// Delivers until it works again, which the store sees to by itself; the test's time limit is the only one.
  void deliver_once_it_works(std::string_view wire, std::string_view drop) {
    while (conformance::try_deliver(store(), wire, {conformance::recipient(drop)}).has_error())
      std::this_thread::yield();
  }

  SimulatedDisk& disk() { return disk_; }

 private:
  support::TemporaryFolder folder_;
  SystemClock clock_;
  SimulatedDisk disk_{folder_.path() / "attic"};
  std::mutex mutex_;
  std::string log_;
  std::unique_ptr<rocks::RocksMaildrop> store_;
};

}  // namespace fermo::crash
