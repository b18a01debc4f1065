#include "auth/file_identity.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace fermo::auth {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

TEST(FileIdentity, EveryFieldThatAChangeCanTouchCounts) {
  struct ::stat status{};
  const FileIdentity before = identity_of(status);
  struct ::stat changed = status;
  changed.st_ino = 1;
  EXPECT_NE(identity_of(changed), before);
  changed = status;
  changed.st_dev = 1;
  EXPECT_NE(identity_of(changed), before);
  changed = status;
  changed.st_size = 1;
  EXPECT_NE(identity_of(changed), before);
  changed = status;
  changed.st_mtim.tv_nsec = 1;
  EXPECT_NE(identity_of(changed), before);
  changed = status;
  changed.st_ctim.tv_nsec = 1;  // touch -d cannot set this one back
  EXPECT_NE(identity_of(changed), before);
  changed = status;
  changed.st_atim.tv_nsec = 1;
  EXPECT_EQ(identity_of(changed), before);
}

TEST(FileIdentity, AFileIsSettledWhenItHasBeenQuietForLongerThanATick) {
  const FileIdentity identity{.changed_ns = 100 * second_ns};
  EXPECT_FALSE(is_settled(identity, 100 * second_ns));
  EXPECT_FALSE(is_settled(identity, 100 * second_ns + 10'000'000));
  EXPECT_TRUE(is_settled(identity, 101 * second_ns));
  EXPECT_TRUE(is_settled(identity, 99 * second_ns)) << "the clock was set back";
}

}  // namespace
}  // namespace fermo::auth
