#include "fetcher/delivery_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace fermo::fetcher {
namespace {

TEST(DeliveryName, StaysTheSameForEver) {
  // Computed with sha256sum over "4:anna1:a3:1001:05:whole".
  EXPECT_EQ(delivery_name("anna", "a", Octets{100}), "fermo.91c205710037a6ca635493f93ad11210d85e5c80");
}

TEST(DeliveryName, DiffersWithEverythingItDerivesFrom) {
  const std::set<std::string> names{
      delivery_name("anna", "a", Octets{100}),          delivery_name("anna", "b", Octets{100}),
      delivery_name("bert", "a", Octets{100}),          delivery_name("anna", "a", Octets{101}),
      delivery_name("annaa", "", Octets{100}),          delivery_name("", "annaa", Octets{100}),
      delivery_name("anna", "a1", Octets{00}),          delivery_name("anna", "a", Octets{100}, 1),
      delivery_name("anna", "a", Octets{100}, 0, false)};
  EXPECT_EQ(names.size(), 9u);
}

TEST(DeliveryName, CanBeAFileName) {
  EXPECT_THAT(delivery_name("a/b", "../../etc\n:2,S", Octets{1}), testing::MatchesRegex("fermo\\.[0-9a-f]{40}"));
}

}  // namespace
}  // namespace fermo::fetcher
