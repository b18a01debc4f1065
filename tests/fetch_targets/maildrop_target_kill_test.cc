#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "conformance/store_helpers.h"
#include "fetcher/delivery_name.h"
#include "fetcher/faulty_file_ops.h"
#include "fetcher/maildrop_target.h"
#include "maildrop_rocks/rocks_maildrop.h"
#include "support/temporary_folder.h"

/// The process is killed before and after everything that a maildrop target asks of the embedded store.
namespace fermo::fetcher {
namespace {

using Fault = FaultyFileOps::Fault;

const DropId drop = DropId::from("ann").value();

class SteppedDelivery final : public maildrop::Delivery {
 public:
  SteppedDelivery(FaultyFileOps& steps, std::unique_ptr<maildrop::Delivery> delivery)
      : steps_(steps), delivery_(std::move(delivery)) {}

  Result<void> append(std::string_view wire) override {
    if (auto passed = steps_.step(); !passed) return passed;
    return delivery_->append(wire);
  }
  Result<std::vector<mail::UniqueId>> finish(const mail::WireSummary& summary,
                                             std::span<const maildrop::Recipient> recipients,
                                             Timestamp received_at) override {
    if (auto passed = steps_.step(); !passed) return passed.error();
    auto finished = delivery_->finish(summary, recipients, received_at);
    if (auto passed = steps_.step(); !passed) return passed.error();
    return finished;
  }

 private:
  FaultyFileOps& steps_;
  std::unique_ptr<maildrop::Delivery> delivery_;
};

class SteppedStore final : public maildrop::Store {
 public:
  SteppedStore(FaultyFileOps& steps, std::shared_ptr<maildrop::Store> store)
      : steps_(steps), store_(std::move(store)) {}

  Result<std::unique_ptr<maildrop::Delivery>> begin_delivery() override {
    if (auto passed = steps_.step(); !passed) return passed.error();
    auto delivery = store_->begin_delivery();
    if (!delivery) return delivery.error();
    return std::unique_ptr<maildrop::Delivery>(std::make_unique<SteppedDelivery>(steps_, std::move(*delivery)));
  }
  Result<std::unique_ptr<maildrop::Snapshot>> open(const DropId& of) override { return store_->open(of); }
  Result<std::vector<maildrop::DropSummary>> list_drops(const std::optional<DropId>& after,
                                                        std::size_t count) override {
    return store_->list_drops(after, count);
  }
  Result<std::vector<mail::UniqueId>> list_imported(const DropId& of, const std::optional<mail::UniqueId>& after,
                                                    std::size_t count) override {
    return store_->list_imported(of, after, count);
  }
  Result<mail::DropListing> recount(const DropId& of) override { return store_->recount(of); }
  Result<maildrop::SweepReport> sweep() override { return store_->sweep(); }

 private:
  FaultyFileOps& steps_;
  std::shared_ptr<maildrop::Store> store_;
};

class MaildropKilled : public testing::Test {
 protected:
  rocks::Settings settings() {
    rocks::Settings made;
    made.path = folder_.path() / "store";
    made.clock = &clock_;
    made.write_buffer_octets = std::size_t{4} << 20;
    made.cache_octets = std::size_t{4} << 20;
    made.free_octets_min = 0;
    return made;
  }

  /// One message is longer than the store keeps in memory.
  static std::map<std::string, std::string> contents() {
    std::map<std::string, std::string> all;
    for (const char* key : {"a", "b", "c"}) {
      std::string content = std::string("Subject: ") + key + "\r\n\r\nbody\r\n";
      while (*key == 'b' && content.size() < 150'000) content += "a line of more than a few octets\r\n";
      all[delivery_name("anna", key, Octets{9})] = content;
    }
    return all;
  }

  /// 0 when everything was delivered.
  int run(FaultyFileOps& steps) {
    const auto reach = [&](std::string&) -> Result<std::shared_ptr<maildrop::Store>> {
      if (auto passed = steps.step(); !passed) return passed.error();
      auto opened = rocks::RocksMaildrop::open(settings());
      FERMO_CHECK(opened.has_value());
      return std::make_shared<SteppedStore>(steps, std::shared_ptr<maildrop::Store>(std::move(*opened)));
    };
    const auto target = MaildropTarget::open(drop, reach, {Octets{1'000'000}, folder_.path()}, clock_).value();
    std::size_t given = 0;
    for (const auto& [name, content] : contents()) {
      if (target->begin({name, Octets{content.size()}}).has_error()) return 1;
      if (target->append(content).has_error() || target->end().has_error()) return 1;
      if (++given % 2 == 0 && target->commit().has_error()) return 1;
    }
    return target->commit().has_error() || steps.step().has_error() ? 1 : 0;
  }

  /// Whether the messages of the store are as `property` says. Looked at in a child as well: RocksDB's threads, once
  /// they run here, would be missing in each child that comes after.
  bool holds(const std::function<bool(std::vector<std::string> messages)>& property) {
    return in_child([&] {
             const auto store = rocks::RocksMaildrop::open(settings()).value();
             return property(conformance::contents(*store, "ann")) ? 0 : 1;
           }) == 0;
  }
  static std::vector<std::string> expected() {
    std::vector<std::string> all;
    for (const auto& [name, content] : contents()) all.push_back(content);
    return all;
  }

  void at_every_step(Fault fault, int status) {
    unsigned at = 1;
    for (;; ++at) {
      std::filesystem::remove_all(folder_.path() / "store");
      const int ended = in_child([&] {
        FaultyFileOps steps(fault, at);
        return run(steps);
      });
      if (ended == 0) break;
      ASSERT_EQ(ended, status) << at;
      ASSERT_TRUE(holds([](const auto& messages) {
        const auto known = [](const std::string& message) { return std::ranges::count(expected(), message) == 1; };
        return std::ranges::all_of(messages, known);
      })) << at;
      const int again = in_child([&] {
        FaultyFileOps none(Fault::none, 0);
        return run(none);
      });
      ASSERT_EQ(again, 0) << at;
      ASSERT_TRUE(holds([](const auto& messages) { return std::ranges::is_permutation(messages, expected()); })) << at;
    }
    EXPECT_GT(at, 15u);
  }

  SystemClock clock_;
  support::TemporaryFolder folder_;
};

TEST_F(MaildropKilled, AtEveryStepTheRerunEndsWithEachMessageOnce) {
  at_every_step(Fault::killed_before, FaultyFileOps::killed);
}

TEST_F(MaildropKilled, WithAFullDiskAtAnyStepTheRerunEndsWithEachMessageOnce) {
  at_every_step(Fault::disk_full, 1);
}

}  // namespace
}  // namespace fermo::fetcher
