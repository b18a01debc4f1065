#include "fermo/drop_actions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <streambuf>
#include <string>
#include <vector>

#include "base/limits.h"
#include "mail/wire_message.h"
#include "maildrop/error.h"
#include "maildrop/memory_maildrop.h"

namespace fermo::commands {
namespace {

class DropActionsTest : public testing::Test {
 protected:
  mail::UniqueId deliver(std::string_view content, std::optional<mail::UniqueId> unique_id = std::nullopt) {
    mail::WireEncoder encoder(mail::WireEncoder::BareLf::to_crlf);
    std::string wire;
    encoder.encode(content, wire);
    const auto summary = encoder.finish(wire);
    const auto delivery = store_.begin_delivery().value();
    for (std::size_t at = 0; at < wire.size(); at += limits::message_piece_octets_max) {
      delivery->append(std::string_view(wire).substr(at, limits::message_piece_octets_max)).value();
    }
    const maildrop::Recipient recipient{drop_, "", unique_id};
    return delivery->finish(summary, {&recipient, 1}, clock_.now()).value().front();
  }

  std::unique_ptr<maildrop::Snapshot> open() { return store_.open(drop_).value(); }

  std::string written(std::size_t index) {
    std::ostringstream out;
    const auto snapshot = open();
    const auto cursor = snapshot->read(MessageNumber::at_index(index)).value();
    EXPECT_EQ(write_message(*cursor, out).value(), WriteOutcome::written);
    return out.str();
  }

  const DropId drop_ = DropId::from("ann").value();
  ManualClock clock_;
  maildrop::MemoryMaildrop store_{clock_};
};

TEST_F(DropActionsTest, VisitsEveryMessageAcrossThePieces) {
  const std::size_t count = 2 * limits::scan_listings_at_once_max;
  for (std::size_t i = 0; i < count; ++i) deliver("x\n");
  const auto snapshot = open();
  std::vector<std::uint64_t> numbers;
  ASSERT_TRUE(for_each_message(*snapshot, [&](MessageNumber number, const mail::ScanListing& listing) {
    EXPECT_EQ(listing.octets.value, 3u);
    numbers.push_back(number.value());
    return true;
  }));
  ASSERT_EQ(numbers.size(), count);
  for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(numbers[i], i + 1);
}

TEST_F(DropActionsTest, StopsWhenItHasSeenEnough) {
  for (int i = 0; i < 3; ++i) deliver("x\n");
  const auto snapshot = open();
  int seen = 0;
  ASSERT_TRUE(for_each_message(*snapshot, [&](MessageNumber, const mail::ScanListing&) { return ++seen < 2; }));
  EXPECT_EQ(seen, 2);
}

TEST_F(DropActionsTest, FindsAMessageByNumberOrUniqueId) {
  deliver("one\n");
  const auto second = deliver("two\n");
  deliver("three\n", mail::UniqueId::from("1234567890"));
  const auto snapshot = open();
  EXPECT_EQ(find_message(*snapshot, "1").value(), MessageNumber::at_index(0));
  EXPECT_EQ(find_message(*snapshot, "002").value(), MessageNumber::at_index(1));
  EXPECT_EQ(find_message(*snapshot, second.text()).value(), MessageNumber::at_index(1));
  EXPECT_EQ(find_message(*snapshot, "1234567890").value(), MessageNumber::at_index(2));
}

TEST_F(DropActionsTest, FindsNoMessageThatIsNotThere) {
  deliver("one\n");
  const auto snapshot = open();
  for (const char* const name : {"", "0", "2", "+1", "-1", "1x", "999999999", "99999999999999999999", "other"}) {
    EXPECT_EQ(find_message(*snapshot, name).value(), std::nullopt) << name;
  }
}

TEST_F(DropActionsTest, WritesAMessageWithoutByteStuffing) {
  const std::string large(3 * limits::message_piece_octets_max, '.');
  deliver(".one\n..\n.\n");
  deliver(large);
  deliver("");
  EXPECT_EQ(written(0), ".one\r\n..\r\n.\r\n");
  EXPECT_EQ(written(1), large + "\r\n");
  EXPECT_EQ(written(2), "");
}

TEST_F(DropActionsTest, TellsThatTheOutputFailed) {
  deliver("one\n");
  std::ostream full(nullptr);
  const auto snapshot = open();
  const auto cursor = snapshot->read(MessageNumber::at_index(0)).value();
  EXPECT_EQ(write_message(*cursor, full).value(), WriteOutcome::output_failed);
}

TEST_F(DropActionsTest, AMessageThatCannotBeReadToItsEndIsAnError) {
  class Damaged final : public maildrop::Cursor {
   public:
    const mail::WireSummary& summary() const override { return summary_; }
    Result<bool> next(std::string& piece) override {
      if (std::exchange(given_, true)) {
        return {boost::system::in_place_error, maildrop::make_error_code(maildrop::Error::corrupt)};
      }
      piece = "half";
      return {boost::system::in_place_value, true};
    }

   private:
    mail::WireSummary summary_;
    bool given_ = false;
  };
  Damaged cursor;
  std::ostringstream out;
  EXPECT_EQ(write_message(cursor, out).error(), maildrop::Error::corrupt);
}

TEST_F(DropActionsTest, DeletesEverythingInTheSnapshotAndNothingElse) {
  deliver("one\n");
  deliver("two\n");
  const auto snapshot = open();
  deliver("three\n");
  ASSERT_TRUE(delete_all(*snapshot));
  EXPECT_EQ(store_.recount(drop_)->messages, 1u);
  ASSERT_TRUE(delete_all(*snapshot)) << "done already is done";
  ASSERT_TRUE(delete_all(*store_.open(DropId::from("nobody").value()).value()));
}

TEST_F(DropActionsTest, VisitsEveryDropAcrossThePieces) {
  const std::size_t count = limits::scan_listings_at_once_max + 3;
  for (std::size_t i = 0; i < count; ++i) {
    const auto delivery = store_.begin_delivery().value();
    delivery->append("x\r\n").value();
    const maildrop::Recipient recipient{DropId::from("user" + std::to_string(i)).value(), "", std::nullopt};
    delivery->finish({Octets{3}, Octets{3}, Octets{3}}, {&recipient, 1}, clock_.now()).value();
  }
  std::vector<DropId> drops;
  ASSERT_TRUE(for_each_drop(store_, [&](const maildrop::DropSummary& summary) { drops.push_back(summary.drop); }));
  EXPECT_EQ(drops.size(), count);
  EXPECT_TRUE(std::ranges::is_sorted(drops));
}

}  // namespace
}  // namespace fermo::commands
