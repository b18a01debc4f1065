#include "server/guess_exemptions.h"

#include <gtest/gtest.h>

namespace fermo::server {
namespace {

account::LoginAttempt from(const char* peer) {
  account::LoginAttempt attempt;
  attempt.peer = peer;
  return attempt;
}

class GuessExemptionsTest : public testing::Test {
 protected:
  config::Config config_;
};

TEST_F(GuessExemptionsTest, NobodyIsExemptUnlessTheConfigurationSaysSo) {
  const GuessExemptions exemptions(config_);
  for (const char* peer : {"127.0.0.1", "::1", "192.0.2.1", "", "unix", "fe80::1"}) {
    EXPECT_FALSE(exemptions.contain(from(peer))) << peer;
  }
}

TEST_F(GuessExemptionsTest, NetworksAreExempt) {
  config_.guess_exempt_networks = {"192.0.2.0/24", "2001:db8::/32"};
  const GuessExemptions exemptions(config_);
  EXPECT_TRUE(exemptions.contain(from("192.0.2.77")));
  EXPECT_TRUE(exemptions.contain(from("2001:db8:1::1")));
  EXPECT_FALSE(exemptions.contain(from("192.0.3.1")));
  EXPECT_FALSE(exemptions.contain(from("")));
  EXPECT_FALSE(exemptions.contain(from("no address")));
}

TEST_F(GuessExemptionsTest, AnotherConfigurationHoldsFromThenOn) {
  GuessExemptions exemptions(config_);
  config_.guess_exempt_networks = {"192.0.2.1"};
  exemptions.use(config_);
  EXPECT_TRUE(exemptions.contain(from("192.0.2.1")));
  config_.guess_exempt_networks.clear();
  exemptions.use(config_);
  EXPECT_FALSE(exemptions.contain(from("192.0.2.1")));
}

}  // namespace
}  // namespace fermo::server
