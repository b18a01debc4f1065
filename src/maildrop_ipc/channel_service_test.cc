#include "maildrop_ipc/channel_service.h"

#include <array>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "maildrop/memory_maildrop.h"
#include "maildrop_ipc/line.h"
#include "maildrop_ipc/wire.h"

namespace fermo::maildrop_ipc {
namespace {

class ChannelServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> fds{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    socket_.emplace(Descriptor(fds[0]));
    std::vector<Descriptor> theirs;
    theirs.emplace_back(fds[1]);
    service_ = std::thread(
        [this, sockets = std::move(theirs)]() mutable { serve_channels(store_, grants_, std::move(sockets)); });
  }
  void TearDown() override {
    socket_.reset();
    service_.join();
  }

  std::optional<Reply> ask(ChannelNumber channel, const Request& request) {
    const auto [head, rest] = encode(request);
    ipc::Frame reply;
    if (!socket_->send(channel_head(channel) + head, rest) || !socket_->receive(reply)) return std::nullopt;
    return decode_reply(reply.head, std::move(reply.rest));
  }
  void end(ChannelNumber channel) { ASSERT_TRUE(socket_->send(channel_head(channel), {})); }

  const ManualClock clock_;
  maildrop::MemoryMaildrop store_{clock_};
  Grants grants_;
  std::optional<ipc::FrameSocket> socket_;
  std::thread service_;
};

/// The end of a channel may overtake, on another socket, what was asked over it last.
TEST_F(ChannelServiceTest, WhatComesAfterTheEndOfAChannelIsRefusedAndCostsNoConnection) {
  ASSERT_TRUE(std::holds_alternative<reply::Done>(ask(5, request::BeginDelivery{}).value()));
  end(5);
  for (const Request& late : {Request(request::Append{"text"}), Request(request::CommitDeletions{})}) {
    const auto reply = ask(5, late);
    ASSERT_TRUE(reply && std::holds_alternative<reply::Failed>(*reply));
    EXPECT_EQ(std::get<reply::Failed>(*reply).error, maildrop::Error::unavailable);
  }
  EXPECT_TRUE(std::holds_alternative<reply::Done>(ask(6, request::BeginDelivery{}).value()));
}

}  // namespace
}  // namespace fermo::maildrop_ipc
