#include "server/open_files.h"

#include <sys/resource.h>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace fermo::server {
namespace {

config::Config with_threads(std::size_t protocol, std::size_t listeners) {
  config::Config config;
  config.threads = protocol;
  config.store_threads = 4;
  config.hash_threads = 2;
  config.listen.resize(listeners);
  return config;
}

TEST(OpenFiles, AllThatTheSystemGivesMayBeOpen) {
  rlimit files{};
  const std::size_t open_files_max = allow_open_files();
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  EXPECT_EQ(files.rlim_cur, files.rlim_max);
  EXPECT_EQ(open_files_max, files.rlim_max);
}

TEST(OpenFiles, ConnectionsLeaveRoomForEverythingElse) {
  const std::size_t possible = connections_possible(with_threads(2, 3), 1024);
  EXPECT_EQ(possible, 1024 - limits::descriptors_reserved - 2 * (3 + 3) - 2 * (2 + 4 + 4));
  EXPECT_LT(connections_possible(with_threads(64, 3), 1024), possible);
  EXPECT_LT(connections_possible(with_threads(2, 30), 1024), possible);
}

TEST(OpenFiles, OneIsAlwaysTaken) {
  EXPECT_EQ(connections_possible(with_threads(2, 3), 0), 1U);
  EXPECT_EQ(connections_possible(with_threads(1024, 3), 1024), 1U);
}

TEST(OpenFiles, ADefaultServerHasRoomForItsConnectionsWhereTheUnitsAllowSoMany) {
  EXPECT_GE(connections_possible(with_threads(64, 4), 65536), limits::connections_max);
  EXPECT_GE(connections_possible(with_threads(64, 4), 1048576), limits::connections_max_highest);
}

}  // namespace
}  // namespace fermo::server
