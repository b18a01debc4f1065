#include "maildrop_rocks/wal_check.h"

#include <gtest/gtest.h>

namespace fermo::rocks {
namespace {

TEST(WalCheck, AnAttestationComesBack) {
  for (const std::uint64_t sequence : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 55, UINT64_MAX}) {
    EXPECT_EQ(attested_sequence(attestation(sequence)), sequence);
  }
}

TEST(WalCheck, OtherLogDataIsNoAttestation) {
  EXPECT_EQ(attested_sequence(""), std::nullopt);
  EXPECT_EQ(attested_sequence("synced:"), std::nullopt);
  EXPECT_EQ(attested_sequence("synced:1234567"), std::nullopt);
  EXPECT_EQ(attested_sequence("synced:123456789"), std::nullopt);
  EXPECT_EQ(attested_sequence("other:12345678"), std::nullopt);
}

}  // namespace
}  // namespace fermo::rocks
