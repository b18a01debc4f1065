#include "fermo/drop_verification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "base/clock.h"
#include "maildrop/error.h"
#include "maildrop/memory_maildrop.h"

namespace fermo::commands {
namespace {

using maildrop::Error;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const DropId anna = DropId::from("anna").value();

/// A maildrop of a store in memory, with damage that memory does not have.
class DamagedSnapshot final : public maildrop::Snapshot {
 public:
  explicit DamagedSnapshot(std::unique_ptr<maildrop::Snapshot> whole) : whole_(std::move(whole)) {}

  mail::DropListing drop_listing() const override {
    auto listing = whole_->drop_listing();
    listing.octets += miscounted;
    return listing;
  }
  Result<std::vector<mail::ScanListing>> scan_listings(MessageNumber first, std::size_t count) override {
    if (listing_error) return *listing_error;
    return whole_->scan_listings(first, count);
  }
  Result<std::unique_ptr<maildrop::Cursor>> read(MessageNumber number) override {
    if (read_error && number.value() == 2) return *read_error;
    return whole_->read(number);
  }
  Result<void> commit_deletions(std::span<const MessageNumber> numbers) override {
    return whole_->commit_deletions(numbers);
  }

  Octets miscounted;
  std::optional<Error> listing_error;
  std::optional<Error> read_error;

 private:
  std::unique_ptr<maildrop::Snapshot> whole_;
};

class DamagedStore final : public maildrop::Store {
 public:
  Result<std::unique_ptr<maildrop::Delivery>> begin_delivery() override { return whole_.begin_delivery(); }
  Result<std::unique_ptr<maildrop::Snapshot>> open(const DropId& drop) override {
    auto snapshot = std::make_unique<DamagedSnapshot>(whole_.open(drop).value());
    snapshot->miscounted = miscounted;
    snapshot->listing_error = listing_error;
    snapshot->read_error = read_error;
    return snapshot;
  }
  Result<std::vector<maildrop::DropSummary>> list_drops(const std::optional<DropId>& after,
                                                        std::size_t count) override {
    return whole_.list_drops(after, count);
  }
  Result<std::vector<mail::UniqueId>> list_imported(const DropId& drop, const std::optional<mail::UniqueId>& after,
                                                    std::size_t count) override {
    if (imported_error) return *imported_error;
    return whole_.list_imported(drop, after, count);
  }
  Result<mail::DropListing> recount(const DropId& drop) override { return whole_.recount(drop); }
  Result<maildrop::SweepReport> sweep() override { return whole_.sweep(); }

  Octets miscounted;
  std::optional<Error> listing_error;
  std::optional<Error> read_error;
  std::optional<Error> imported_error;

 private:
  ManualClock clock_;
  maildrop::MemoryMaildrop whole_{clock_};
};

class DropVerificationTest : public testing::Test {
 protected:
  /// A line that is byte-stuffed: 6 octets of which 5 count.
  mail::UniqueId deliver() {
    const auto delivery = store_.begin_delivery().value();
    delivery->append("..ab\r\n").value();
    const maildrop::Recipient recipient{anna, "", std::nullopt};
    return delivery->finish({Octets{5}, Octets{6}, Octets{0}}, {&recipient, 1}, {}).value().at(0);
  }

  DamagedStore store_;
};

TEST_F(DropVerificationTest, CountsWhatIsWhole) {
  deliver();
  deliver();
  const auto found = verify_drop(store_, anna).value();
  EXPECT_TRUE(found.is_sound());
  EXPECT_EQ(found.sound, (mail::DropListing{2, Octets{10}}));
}

TEST_F(DropVerificationTest, AnEmptyMaildropIsSound) {
  EXPECT_TRUE(verify_drop(store_, anna)->is_sound());
}

TEST_F(DropVerificationTest, ADamagedMessageIsNamedAndTheOthersAreRead) {
  deliver();
  const auto damaged = deliver();
  deliver();
  store_.read_error = Error::corrupt;
  const auto found = verify_drop(store_, anna).value();
  EXPECT_THAT(found.damaged, ElementsAre(damaged));
  EXPECT_EQ(found.sound, (mail::DropListing{2, Octets{10}}));
  EXPECT_FALSE(found.problem);
  EXPECT_FALSE(found.is_sound());
}

TEST_F(DropVerificationTest, CountersThatAreWrongAreAProblem) {
  deliver();
  store_.miscounted = Octets{3};
  const auto found = verify_drop(store_, anna).value();
  EXPECT_THAT(found.damaged, IsEmpty());
  EXPECT_EQ(found.problem, "its counters say 1 messages of 8 octets, but there are 1 messages of 5 octets");
}

TEST_F(DropVerificationTest, AListingThatIsDamagedIsAProblem) {
  deliver();
  store_.listing_error = Error::corrupt;
  EXPECT_THAT(verify_drop(store_, anna)->problem.value(), HasSubstr("counters"));
}

TEST_F(DropVerificationTest, ImportedUniqueIdsAreReadToo) {
  store_.imported_error = Error::corrupt;
  EXPECT_THAT(verify_drop(store_, anna)->problem.value(), HasSubstr("imported"));
}

TEST_F(DropVerificationTest, AStoreThatIsNotAvailableIsNoDamage) {
  deliver();
  deliver();
  store_.read_error = Error::unavailable;
  EXPECT_EQ(verify_drop(store_, anna).error(), Error::unavailable);
}

}  // namespace
}  // namespace fermo::commands
