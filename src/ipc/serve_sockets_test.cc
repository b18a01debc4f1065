#include "ipc/serve_sockets.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

namespace fermo::ipc {
namespace {

/// Connections on which each frame comes back, but for "throw".
class ServeSocketsTest : public testing::Test {
 protected:
  ServeSocketsTest() {
    std::vector<Descriptor> theirs;
    for (int i = 0; i < 3; ++i) {
      std::array<int, 2> pair{};
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
      ours_.emplace_back(Descriptor(pair[0]));
      theirs.emplace_back(pair[1]);
    }
    serving_ = std::thread([this, sockets = std::move(theirs)]() mutable {
      try {
        serve_sockets(std::move(sockets), answer);
      } catch (const std::exception& error) {
        thrown_ = error.what();
      }
    });
  }
  ~ServeSocketsTest() override {
    if (serving_.joinable()) end();
  }

  static void answer(FrameSocket& socket) {
    std::string frame;
    while (socket.receive(frame)) {
      if (frame == "throw") throw std::runtime_error("no memory");
      if (!socket.send(frame)) return;
    }
  }

  bool answers(FrameSocket& socket) {
    std::string reply;
    return socket.send("text") && socket.receive(reply) && reply == "text";
  }

  /// What it threw.
  std::string end() {
    for (FrameSocket& socket : ours_) socket.shutdown();
    serving_.join();
    return thrown_;
  }

  std::vector<FrameSocket> ours_;
  std::string thrown_;
  std::thread serving_;
};

TEST_F(ServeSocketsTest, EachIsAnsweredUntilItsPeerIsGone) {
  ours_[0].shutdown();
  EXPECT_TRUE(answers(ours_[1]));
  EXPECT_TRUE(answers(ours_[2]));
  EXPECT_EQ(end(), "");
}

TEST_F(ServeSocketsTest, WhatIsThrownEndsAllAndIsThrownAgain) {
  EXPECT_TRUE(answers(ours_[1]));
  EXPECT_TRUE(ours_[0].send("throw"));
  std::string reply;
  for (FrameSocket& socket : ours_) EXPECT_FALSE(socket.receive(reply));
  EXPECT_EQ(end(), "no memory");
}

TEST(ServeSockets, ThatNoThreadCanBeStartedEndsAllAndIsThrown) {
  auto pairs = std::array<std::array<int, 2>, 2>();
  for (auto& pair : pairs) ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr rlimit none{0, 0};
    const bool nobody = ::geteuid() != 0 || ::setresuid(65534, 65534, 65534) == 0;  // no limit is root's
    if (!nobody || ::setrlimit(RLIMIT_NPROC, &none) != 0) ::_exit(2);
    std::vector<Descriptor> sockets;
    for (const auto& pair : pairs) sockets.emplace_back(pair[1]);
    try {
      serve_sockets(std::move(sockets), [](FrameSocket&) {});
    } catch (const std::system_error&) {
      ::_exit(0);
    }
    ::_exit(1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), 0);
  std::string frame;
  for (const auto& pair : pairs) {
    ::close(pair[1]);
    FrameSocket ours{Descriptor(pair[0])};
    EXPECT_FALSE(ours.receive(frame));
  }
}

}  // namespace
}  // namespace fermo::ipc
