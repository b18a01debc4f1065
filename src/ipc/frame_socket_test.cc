#include "ipc/frame_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/limits.h"

namespace fermo::ipc {
namespace {

struct Pair {
  Pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) std::abort();
    descriptor_of_ours = ends[0];
    ours.emplace(Descriptor(ends[0]));
    theirs.emplace(Descriptor(ends[1]));
  }

  /// Octets that no frame was made of, and the end of the stream.
  void say(std::string_view octets) {
    ASSERT_EQ(::send(descriptor_of_ours, octets.data(), octets.size(), 0), static_cast<ssize_t>(octets.size()));
    ours->shutdown();
  }

  int descriptor_of_ours = -1;
  std::optional<FrameSocket> ours, theirs;
};

TEST(FrameSocket, CarriesHeadsAndRests) {
  Pair pair;
  ASSERT_TRUE(pair.ours->send("head"));
  ASSERT_TRUE(pair.ours->send("other head", std::string_view("re\0st", 5)));
  ASSERT_TRUE(pair.ours->send("third"));
  Frame frame;
  ASSERT_TRUE(pair.theirs->receive(frame));
  EXPECT_EQ(frame.head, "head");
  EXPECT_EQ(frame.rest, "");
  ASSERT_TRUE(pair.theirs->receive(frame));
  EXPECT_EQ(frame.head, "other head");
  EXPECT_EQ(frame.rest, std::string("re\0st", 5));
  ASSERT_TRUE(pair.theirs->receive(frame.head));
  EXPECT_EQ(frame.head, "third");
}

TEST(FrameSocket, CarriesTheLargestFrame) {
  Pair pair;
  const std::string rest(limits::ipc_frame_octets_max - 1, 'x');
  std::thread sender([&] { EXPECT_TRUE(pair.ours->send("h", rest)); });
  Frame frame;
  EXPECT_TRUE(pair.theirs->receive(frame));
  sender.join();
  EXPECT_EQ(frame.head, "h");
  EXPECT_EQ(frame.rest, rest);
}

/// A program of an earlier version knows heads alone; what it says first must be read, so that it is told why it cannot
/// go on.
TEST(FrameSocket, AHeadAloneIsFourOctetsOfLengthAndItself) {
  Pair pair;
  pair.say(std::string_view("\5\0\0\0hello", 9));
  Frame frame;
  ASSERT_TRUE(pair.theirs->receive(frame));
  EXPECT_EQ(frame.head, "hello");
  EXPECT_EQ(frame.rest, "");
}

TEST(FrameSocket, ARestWhereNoneMayBeIsRefused) {
  Pair pair;
  ASSERT_TRUE(pair.ours->send("head", "rest"));
  std::string head;
  EXPECT_FALSE(pair.theirs->receive(head));
}

TEST(FrameSocket, WhatIsNoFrameIsRefused) {
  const std::string_view cases[] = {
      std::string_view("", 0),                            // the end
      std::string_view("\5\0\0", 3),                      // cut in a length
      std::string_view("\5\0\0\0hell", 8),                // cut in the head
      std::string_view("\0\0\0\0", 4),                    // no head
      std::string_view("\xff\xff\xff\x7f", 4),            // a head out of bounds
      std::string_view("\0\0\0\x80\1\0\0\0r", 9),         // a rest without a head
      std::string_view("\1\0\0\x80\0\0\0\0h", 9),         // a rest that is announced and is none
      std::string_view("\1\0\0\x80\2\0\0\0hr", 10),       // cut in the rest
      std::string_view("\1\0\0\x80\xff\xff\xff\xff", 8),  // a rest out of bounds
  };
  for (const std::string_view octets : cases) {
    Pair pair;
    pair.say(octets);
    Frame frame;
    EXPECT_FALSE(pair.theirs->receive(frame)) << testing::PrintToString(octets);
  }
}

}  // namespace
}  // namespace fermo::ipc
