#include "maildrop_ipc/line.h"

#include <atomic>
#include <chrono>
#include <utility>

#include "base/wire_fields.h"

namespace fermo::maildrop_ipc {
namespace {

/// A peer that does not close its side for so long is not waited for: nothing depends on it.
constexpr std::chrono::seconds goodbye_time_max{5};

class SocketLine final : public Line {
 public:
  explicit SocketLine(ipc::FrameSocket socket) : socket_(std::move(socket)) {}
  ~SocketLine() override {
    if (!lost_) socket_.say_goodbye(goodbye_time_max);
  }

  Outcome ask(std::string_view head, std::string_view rest, ipc::Frame& reply) override {
    lost_ = true;  // until there is an answer
    if (!socket_.send(head, rest)) return Outcome::not_sent;
    if (!socket_.receive(reply)) return Outcome::lost;
    lost_ = false;
    return Outcome::answered;
  }

 private:
  ipc::FrameSocket socket_;
  bool lost_ = false;
};

ChannelNumber next_channel() {
  static std::atomic<ChannelNumber> last{0};
  return ++last;
}

class Channel final : public Line {
 public:
  explicit Channel(ipc::SocketPool& pool)
      : pool_(pool), generation_(pool.generation()), channel_(channel_head(next_channel())) {}
  ~Channel() override {
    if (used_) pool_.tell(generation_, channel_);
  }

  Outcome ask(std::string_view head, std::string_view rest, ipc::Frame& reply) override {
    used_ = true;
    return pool_.ask(generation_, channel_ + std::string(head), rest, reply);
  }

 private:
  ipc::SocketPool& pool_;
  const ipc::SocketPool::Generation generation_;
  const std::string channel_;  ///< Its number, as it stands before each head.
  bool used_ = false;
};

}  // namespace

std::unique_ptr<Line> line_over(ipc::FrameSocket socket) {
  return std::make_unique<SocketLine>(std::move(socket));
}

std::unique_ptr<Line> channel_over(ipc::SocketPool& pool) {
  return std::make_unique<Channel>(pool);
}

std::string channel_head(ChannelNumber channel) {
  FieldWriter out;
  out.number(channel);
  return out.take();
}

}  // namespace fermo::maildrop_ipc
