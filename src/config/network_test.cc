#include "config/network.h"

#include <gtest/gtest.h>

namespace fermo::config {
namespace {

TEST(Network, CidrFormAndSingleAddressesAreRight) {
  for (const char* text : {"0.0.0.0/0", "10.0.0.0/8", "192.0.2.128/25", "192.0.2.7/32", "192.0.2.7", "::/0",
                           "2001:db8::/32", "::1/128", "::1", "fe80::/10"}) {
    EXPECT_EQ(network_problem(text), "") << text;
  }
}

TEST(Network, WhatIsNoNetworkIsExplained) {
  for (const char* text : {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/8 ", "10/8",
                           "example.org", "*", "10.0.0.0/8/8", "[::1]/128", "10.0.0.0/+8"}) {
    EXPECT_NE(network_problem(text).find("is not a network"), std::string::npos) << text;
  }
}

TEST(Network, BitsAfterThePrefixAreReportedWithTheRightForm) {
  EXPECT_EQ(network_problem("10.1.2.3/8"), "\"10.1.2.3/8\" has bits set after its prefix; write \"10.0.0.0/8\"");
  EXPECT_EQ(network_problem("192.0.2.129/25"),
            "\"192.0.2.129/25\" has bits set after its prefix; write \"192.0.2.128/25\"");
  EXPECT_EQ(network_problem("2001:db8::1/33"),
            "\"2001:db8::1/33\" has bits set after its prefix; write \"2001:db8::/33\"");
}

TEST(Network, LoopbackIsToldFromTheRest) {
  for (const char* text : {"127.0.0.0/8", "127.0.0.1", "127.1.0.0/16", "::1", "::1/128"}) {
    EXPECT_TRUE(is_loopback_network(text)) << text;
  }
  for (const char* text : {"126.0.0.0/7", "0.0.0.0/0", "::/0", "::/127", "10.0.0.0/8", "128.0.0.1", "2001:db8::1"}) {
    EXPECT_FALSE(is_loopback_network(text)) << text;
  }
}

}  // namespace
}  // namespace fermo::config
