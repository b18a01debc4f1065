#include "server/admission.h"

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
    auto admitted = admission_.admit(from);
    if (auto* refusal = std::get_if<Admission::Refusal>(&admitted)) return *refusal;
    inside_.push_back(std::get<Admission::Ticket>(std::move(admitted)));
    return std::nullopt;
  }

  Admission admission_{{.in_all = 5, .per_address = 2}};
  std::vector<Admission::Ticket> inside_;
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

}  // namespace
}  // namespace fermo::server
