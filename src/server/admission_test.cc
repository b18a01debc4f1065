#include "server/admission.h"

#include <map>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

namespace fermo::server {
namespace {

Peer peer(const char* address) {
  return Peer{boost::asio::ip::make_address(address)};
}

class AdmissionTest : public testing::Test {
 protected:
  /// Nothing when the connection got in, and stays.
  std::optional<Admission::Refusal> enter(const Peer& from) {
    auto admitted = admission_.admit(from, nullptr);
    if (auto* refusal = std::get_if<Admission::Refusal>(&admitted)) return *refusal;
    inside_.push_back(std::get<Admission::Ticket>(std::move(admitted)));
    return std::nullopt;
  }

  /// Nobody knows this one yet: it may be evicted, and is noted as `name` then. The ticket is kept under that number.
  bool enter_unknown(const Peer& from, int name) {
    auto admitted = admission_.admit(from, [this, name] { evicted_.push_back(name); });
    if (std::holds_alternative<Admission::Refusal>(admitted)) return false;
    unknown_.emplace(name, std::get<Admission::Ticket>(std::move(admitted)));
    return true;
  }

  Admission admission_{{.in_all = 5, .per_address = 2}};
  std::vector<Admission::Ticket> inside_;
  std::map<int, Admission::Ticket> unknown_;
  std::vector<int> evicted_;
};

TEST_F(AdmissionTest, CountsEachIpv4AddressByItself) {
  EXPECT_FALSE(enter(peer("192.0.2.1")));
  EXPECT_FALSE(enter(peer("192.0.2.1")));
  EXPECT_EQ(enter(peer("192.0.2.1")), Admission::Refusal::too_many_from_address);
  EXPECT_FALSE(enter(peer("192.0.2.2")));
}

TEST_F(AdmissionTest, CountsAnIpv6NetworkOf64BitsAsOneAddress) {
  EXPECT_FALSE(enter(peer("2001:db8:0:1::1")));
  EXPECT_FALSE(enter(peer("2001:db8:0:1:ffff:ffff:ffff:ffff")));
  EXPECT_EQ(enter(peer("2001:db8:0:1:abcd::")), Admission::Refusal::too_many_from_address);
  EXPECT_FALSE(enter(peer("2001:db8:0:2::1")));
}

TEST_F(AdmissionTest, CountsAllTogether) {
  for (const char* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3", "::1", "2001:db8::1"}) {
    EXPECT_FALSE(enter(peer(address)));
  }
  EXPECT_EQ(enter(peer("192.0.2.9")), Admission::Refusal::too_many_in_all);
  EXPECT_EQ(enter(Peer{}), Admission::Refusal::too_many_in_all);
  EXPECT_EQ(admission_.in_all(), 5U);
}

TEST_F(AdmissionTest, CountsAUnixSocketOnlyInAll) {
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(enter(Peer{}));
  EXPECT_EQ(enter(Peer{}), Admission::Refusal::too_many_in_all);
}

TEST_F(AdmissionTest, ForgetsAConnectionThatIsGone) {
  EXPECT_FALSE(enter(peer("192.0.2.1")));
  EXPECT_FALSE(enter(peer("192.0.2.1")));
  inside_.pop_back();
  EXPECT_EQ(admission_.in_all(), 1U);
  EXPECT_FALSE(enter(peer("192.0.2.1")));
  inside_.clear();
  EXPECT_EQ(admission_.in_all(), 0U);
}

TEST_F(AdmissionTest, NewLimitsHoldForNewConnections) {
  EXPECT_FALSE(enter(peer("192.0.2.1")));
  admission_.set_limits({.in_all = 5, .per_address = 1});
  EXPECT_EQ(enter(peer("192.0.2.1")), Admission::Refusal::too_many_from_address);
  EXPECT_EQ(admission_.in_all(), 1U);
}

TEST_F(AdmissionTest, TheOldestUnknownOneOfTheBusiestAddressMakesRoom) {
  admission_.set_limits({.in_all = 5, .per_address = 3});
  EXPECT_TRUE(enter_unknown(peer("192.0.2.1"), 1));
  for (int i = 2; i <= 4; ++i) EXPECT_TRUE(enter_unknown(peer("192.0.2.2"), i));
  EXPECT_TRUE(enter_unknown(peer("192.0.2.3"), 5));
  EXPECT_TRUE(enter_unknown(peer("192.0.2.4"), 6));
  EXPECT_EQ(evicted_, std::vector<int>{2});
  EXPECT_FALSE(enter(peer("192.0.2.5"))) << "nothing is said against it";
  EXPECT_EQ(evicted_, (std::vector<int>{2, 3}));
  EXPECT_EQ(admission_.in_all(), 5U);
}

/// One with very many addresses would else keep those out whose own comes later in the alphabet.
TEST_F(AdmissionTest, AmongEquallyBusyAddressesTheOldestMakesRoom) {
  for (int i = 1; i <= 5; ++i) {
    EXPECT_TRUE(enter_unknown(peer(("2001:db8:" + std::to_string(10 - i) + "::1").c_str()), i));
  }
  EXPECT_TRUE(enter_unknown(peer("85.1.2.3"), 6));
  for (int i = 7; i <= 10; ++i) {
    EXPECT_TRUE(enter_unknown(peer(("2001:db8:" + std::to_string(i) + ":1::1").c_str()), i));
  }
  EXPECT_EQ(evicted_, (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_TRUE(enter_unknown(peer("2001:db8:9:9::1"), 11));
  EXPECT_EQ(evicted_.back(), 6) << "nobody stays for ever without a login";
}

TEST_F(AdmissionTest, WhoIsKnownMakesRoomForNobody) {
  for (int i = 1; i <= 5; ++i) EXPECT_TRUE(enter_unknown(peer(("192.0.2." + std::to_string(i)).c_str()), i));
  for (auto& [name, ticket] : unknown_) {
    if (name != 3) ticket.keep();
  }
  EXPECT_FALSE(enter(peer("192.0.2.9")));
  EXPECT_EQ(evicted_, std::vector<int>{3});
  EXPECT_EQ(enter(peer("192.0.2.9")), Admission::Refusal::too_many_in_all);
}

TEST_F(AdmissionTest, WhoMadeRoomIsNotCountedTwiceWhenItEnds) {
  for (int i = 1; i <= 5; ++i) EXPECT_TRUE(enter_unknown(Peer{}, i));
  EXPECT_FALSE(enter(peer("192.0.2.9")));
  ASSERT_EQ(evicted_, std::vector<int>{1});
  unknown_.at(1).keep();
  unknown_.clear();
  EXPECT_EQ(admission_.in_all(), 1U);
}

TEST_F(AdmissionTest, AnAddressThatHasItsFillEvictsNobody) {
  EXPECT_TRUE(enter_unknown(peer("192.0.2.1"), 1));
  EXPECT_TRUE(enter_unknown(peer("192.0.2.1"), 2));
  for (int i = 3; i <= 5; ++i) EXPECT_TRUE(enter_unknown(Peer{}, i));
  EXPECT_EQ(enter(peer("192.0.2.1")), Admission::Refusal::too_many_from_address);
  EXPECT_TRUE(evicted_.empty());
}

}  // namespace
}  // namespace fermo::server
