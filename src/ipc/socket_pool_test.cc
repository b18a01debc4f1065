#include "ipc/socket_pool.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace fermo::ipc {
namespace {

using namespace std::chrono_literals;
using Outcome = SocketPool::Outcome;

/// A pool whose replies may take next to no time, and the other ends of its connections.
class SocketPoolTest : public testing::Test {
 protected:
  SocketPoolTest() { connect(1); }

  void connect(std::size_t count) {
    std::vector<Descriptor> ours;
    peers_.clear();
    for (std::size_t n = 0; n < count; ++n) {
      std::array<int, 2> ends{};
      ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
      ours.emplace_back(ends[0]);
      peers_.emplace_back(Descriptor(ends[1]));
      peers_.back().set_receive_time_max(60s);
    }
    pool_.replace(std::move(ours));
  }

  std::string heard(std::size_t peer = 0) {
    std::string frame;
    EXPECT_TRUE(peers_[peer].receive(frame));
    return frame;
  }

  Outcome ask(std::string_view request) {
    std::string reply;
    return pool_.ask(request, reply);
  }

  /// Asks a peer that has answered already, so that it does not matter how busy the machine is.
  std::string reply_to(std::string_view request, std::string_view answer, std::size_t peer = 0) {
    EXPECT_TRUE(peers_[peer].send(answer));
    std::string reply;
    EXPECT_EQ(pool_.ask(request, reply), Outcome::answered);
    EXPECT_EQ(heard(peer), request);
    return reply;
  }

  SocketPool pool_{20ms};
  std::vector<FrameSocket> peers_;
};

TEST_F(SocketPoolTest, AConnectionIsUsedAgain) {
  EXPECT_EQ(reply_to("one", "1"), "1");
  EXPECT_EQ(reply_to("two", "2"), "2");
}

TEST_F(SocketPoolTest, AReplyThatComesTooLateIsForNobodyAndTheConnectionIsUsedAgain) {
  EXPECT_EQ(ask("one"), Outcome::lost);
  EXPECT_EQ(ask("two"), Outcome::not_sent) << "at once, for there is no other connection";
  EXPECT_EQ(heard(), "one");
  ASSERT_TRUE(peers_[0].send("too late"));
  EXPECT_EQ(reply_to("three", "3"), "3");
}

TEST_F(SocketPoolTest, WhatIsToldComesAtOnceWhereAConnectionIsFree) {
  pool_.tell(pool_.generation(), "the end");
  EXPECT_EQ(heard(), "the end");
  EXPECT_EQ(reply_to("one", "1"), "1");
}

TEST_F(SocketPoolTest, WhatWasToBeToldMeanwhileIsToldWhenAConnectionIsBack) {
  EXPECT_EQ(ask("one"), Outcome::lost);
  pool_.tell(pool_.generation(), "the end");
  EXPECT_EQ(heard(), "one");
  ASSERT_TRUE(peers_[0].send("too late"));
  ASSERT_TRUE(peers_[0].send("2"));
  EXPECT_EQ(ask("two"), Outcome::answered);
  EXPECT_EQ(heard(), "the end");
  EXPECT_EQ(heard(), "two");
}

TEST_F(SocketPoolTest, APeerThatHasGoneMeanwhileIsNotAsked) {
  EXPECT_EQ(ask("one"), Outcome::lost);
  peers_.clear();
  EXPECT_EQ(ask("two"), Outcome::not_sent);
}

TEST_F(SocketPoolTest, AnotherProcessIsToldNothingOfTheOneBefore) {
  EXPECT_EQ(ask("one"), Outcome::lost);
  const auto before = pool_.generation();
  pool_.tell(before, "the end");
  connect(1);
  pool_.tell(before, "the end of another");
  EXPECT_EQ(reply_to("two", "2"), "2");
}

TEST_F(SocketPoolTest, OneThatIsLateDoesNotKeepTheOthersFromBeingUsed) {
  connect(2);
  EXPECT_EQ(ask("one"), Outcome::lost);
  const std::size_t other = peers_[0].has_something() ? 1 : 0;
  EXPECT_EQ(reply_to("two", "2", other), "2");
}

TEST_F(SocketPoolTest, APeerThatSendsHalfOfAReplyIsNotAskedAgain) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Descriptor peer(ends[1]);
  std::vector<Descriptor> ours;
  ours.emplace_back(ends[0]);
  pool_.replace(std::move(ours));
  ASSERT_EQ(::send(peer.get(), "\2\0", 2, MSG_NOSIGNAL), 2);
  EXPECT_EQ(ask("one"), Outcome::lost);
  EXPECT_EQ(::send(peer.get(), "\0\0ab", 4, MSG_NOSIGNAL), -1) << "the pool has closed its side";
  EXPECT_EQ(ask("two"), Outcome::not_sent);
}

}  // namespace
}  // namespace fermo::ipc
