#include "server/networks.h"

#include <gtest/gtest.h>

namespace fermo::server {
namespace {

Peer peer(const char* address) {
  return Peer{boost::asio::ip::make_address(address)};
}

TEST(Networks, HoldLoopbackInBothFamilies) {
  const auto networks = Networks::parse({"127.0.0.0/8", "::1/128"});
  ASSERT_TRUE(networks);
  EXPECT_TRUE((*networks).contains(peer("127.0.0.1")));
  EXPECT_TRUE((*networks).contains(peer("127.9.9.9")));
  EXPECT_TRUE((*networks).contains(peer("::1")));
  EXPECT_FALSE((*networks).contains(peer("192.0.2.1")));
  EXPECT_FALSE((*networks).contains(peer("2001:db8::1")));
}

TEST(Networks, HoldAddressesOfTheirPrefix) {
  const auto networks = Networks::parse({"192.0.2.128/25", "198.51.100.7", "2001:db8::/32", "fe80::/10"});
  ASSERT_TRUE(networks) << networks.problem();
  EXPECT_TRUE((*networks).contains(peer("192.0.2.200")));
  EXPECT_FALSE((*networks).contains(peer("192.0.2.100")));
  EXPECT_TRUE((*networks).contains(peer("198.51.100.7")));
  EXPECT_FALSE((*networks).contains(peer("198.51.100.8")));
  EXPECT_TRUE((*networks).contains(peer("2001:db8:ffff::1")));
  EXPECT_FALSE((*networks).contains(peer("2001:db9::1")));
  EXPECT_TRUE((*networks).contains(peer("fe80::1%1")));
  EXPECT_FALSE((*networks).contains(peer("127.0.0.1")));
}

TEST(Networks, HoldEveryPeerOnAUnixSocket) {
  const auto networks = Networks::parse({"192.0.2.0/24"});
  ASSERT_TRUE(networks);
  EXPECT_TRUE((*networks).contains(Peer{}));
}

TEST(Networks, RefuseWhatIsNoNetwork) {
  for (const char* text : {"", "everywhere", "192.0.2.0/33", "192.0.2/24", "2001:db8::/129", "192.0.2.0/-1", "/24"}) {
    const auto networks = Networks::parse({text});
    EXPECT_FALSE(networks) << text;
  }
}

TEST(PeerTest, IsLocalOverLoopbackAndUnixSockets) {
  EXPECT_TRUE(Peer{}.is_local());
  EXPECT_TRUE(peer("127.0.0.1").is_local());
  EXPECT_TRUE(peer("::1").is_local());
  EXPECT_FALSE(peer("192.0.2.1").is_local());
  EXPECT_FALSE(peer("2001:db8::1").is_local());
}

}  // namespace
}  // namespace fermo::server
