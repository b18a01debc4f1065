#include "fetcher/patience.h"

#include <gtest/gtest.h>

namespace fermo::fetcher {
namespace {

using std::chrono_literals::operator""s;

TEST(Patience, EndsWhileAnOctetComesNowAndThen) {
  Patience patience;
  for (int i = 0; i < 5; ++i) {
    EXPECT_GT(patience.left(600s), 0s);
    patience.waited(119s, 1);
  }
  EXPECT_EQ(patience.left(600s), 5s);
  patience.waited(119s, 1);
  EXPECT_EQ(patience.left(600s), 0s);
}

TEST(Patience, LastsWhereManyOctetsCome) {
  Patience patience;
  patience.waited(500s, limits::client_progress_octets - 1);
  EXPECT_EQ(patience.left(600s), 100s);
  patience.waited(99s, 1);
  EXPECT_EQ(patience.left(600s), 600s);
  patience.waited(1s, limits::client_progress_octets - 1);
  EXPECT_EQ(patience.left(600s), 599s) << "what was counted before counts no more";
}

TEST(Patience, IsRenewedByProgress) {
  Patience patience;
  patience.waited(500s, limits::client_progress_octets - 1);
  patience.renew();
  patience.waited(1s, 1);
  EXPECT_EQ(patience.left(600s), 599s);
}

}  // namespace
}  // namespace fermo::fetcher
