#include "maildrop_rocks/rocks_maildrop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "maildrop/error.h"
#include "maildrop_rocks/internal.h"

namespace fermo::rocks {
namespace {

using maildrop::Error;

class RocksMaildropTest : public testing::Test {
 protected:
  RocksMaildropTest() {
    std::string name = (std::filesystem::temp_directory_path() / "fermo-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder can be made");
    folder_ = name;
    open();
  }
  ~RocksMaildropTest() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void open() {
    store_.reset();
    Settings settings;
    settings.path = folder_ / "store";
    settings.clock = &clock_;
    store_ = RocksMaildrop::open(settings).value();
  }

  Result<std::vector<mail::UniqueId>> deliver(std::optional<mail::UniqueId> unique_id = std::nullopt) {
    const std::string wire = "Subject: x\r\n\r\n";
    auto delivery = store_->begin_delivery().value();
    if (const auto appended = delivery->append(wire); appended.has_error()) return appended.error();
    const Octets octets{wire.size()};
    const maildrop::Recipient recipient{*DropId::from("anna"), "", std::move(unique_id)};
    return delivery->finish({octets, octets, octets}, {&recipient, 1}, clock_.now());
  }

  ManualClock clock_;
  std::filesystem::path folder_;
  std::unique_ptr<RocksMaildrop> store_;
};

TEST_F(RocksMaildropTest, UniqueIdsGoUpThoughTheClockJumpsBackAcrossARestart) {
  const mail::UniqueId before = deliver().value().at(0);
  store_->open(*DropId::from("anna")).value()->commit_deletions(std::array{MessageNumber::at_index(0)}).value();
  Internal::flush(*store_);
  open();
  clock_.advance(-std::chrono::hours(24 * 365));
  const mail::UniqueId after = deliver().value().at(0);
  EXPECT_GT(after, before);
  open();
  EXPECT_GT(deliver().value().at(0), after);
}

TEST_F(RocksMaildropTest, ADeliveryTakesNothingAfterItIsFinished) {
  auto delivery = store_->begin_delivery().value();
  const maildrop::Recipient recipient{*DropId::from("anna"), "", std::nullopt};
  EXPECT_TRUE(delivery->finish({}, {&recipient, 1}, clock_.now()).has_value());
  EXPECT_TRUE(delivery->append("x").has_error());
  EXPECT_TRUE(delivery->finish({}, {&recipient, 1}, clock_.now()).has_error());
}

TEST_F(RocksMaildropTest, ADeliveryToNobodyLeavesNothing) {
  auto delivery = store_->begin_delivery().value();
  EXPECT_TRUE(delivery->append(std::string(65'536, 'x')).has_value());
  EXPECT_TRUE(delivery->finish({{}, Octets{65'536}, {}}, {}, clock_.now()).value().empty());
  delivery.reset();
  EXPECT_EQ(store_->sweep().value().bodies_removed, 0u);
}

TEST_F(RocksMaildropTest, AnOpeningThatFailedTellsWhyAndThrowsIt) {
  Settings settings;
  settings.path = folder_ / "no" / "such" / "parent";
  settings.clock = &clock_;
  const auto opened = RocksMaildrop::open(settings);
  ASSERT_TRUE(opened.has_error());
  EXPECT_THAT(opened.error().text, testing::HasSubstr(settings.path.string()));
  EXPECT_THROW(opened.value(), std::runtime_error);
}

TEST_F(RocksMaildropTest, IsWritable) {
  EXPECT_TRUE(store_->writable());
}

}  // namespace
}  // namespace fermo::rocks
