#include "maildrop_ipc/channel_service.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/limits.h"
#include "base/wire_fields.h"
#include "ipc/serve_sockets.h"
#include "maildrop_ipc/line.h"
#include "maildrop_ipc/store_session.h"
#include "maildrop_ipc/wire.h"

namespace fermo::maildrop_ipc {
namespace {

/// The channels of one process on the other side.
class Channels {
 public:
  Channels(maildrop::Store& store, Grants& grants) : store_(store), grants_(grants) {}

  void converse(ipc::FrameSocket& socket) {
    ipc::Frame frame;
    while (socket.receive(frame)) {
      FieldReader in(frame.head);
      const auto number = in.number<ChannelNumber>();
      if (in.failed()) return;
      if (in.whole() && frame.rest.empty()) {
        end(number);
      } else if (!answer(socket, number, frame)) {
        return;
      }
    }
  }

 private:
  struct Channel {
    Channel(maildrop::Store& store, Grants& grants, Allowance& held) : session(store, grants, held) {}
    std::mutex mutex;
    StoreSession session;
  };

  bool answer(ipc::FrameSocket& socket, ChannelNumber number, ipc::Frame& frame) {
    const auto request =
        decode_request(std::string_view(frame.head).substr(sizeof(ChannelNumber)), std::move(frame.rest));
    if (!request) return false;
    // One that was left by who asked for it: its end may come before what was asked last.
    std::optional<Reply> reply = reply::Failed{maildrop::Error::unavailable};
    if (const auto channel = channel_for(*request, number)) {
      const std::lock_guard lock(channel->mutex);
      reply = channel->session.answer(*request);
    }
    if (!reply) return false;
    const auto [head, rest] = encode(*reply);
    return socket.send(head, rest);
  }

  static bool begins_channel(const Request& request) {
    return std::holds_alternative<request::BeginDelivery>(request) || std::holds_alternative<request::Open>(request);
  }

  /// Null: there is none of that number, and the request begins none or there are too many.
  std::shared_ptr<Channel> channel_for(const Request& request, ChannelNumber number) {
    const std::lock_guard lock(mutex_);
    if (const auto known = channels_.find(number); known != channels_.end()) return known->second;
    if (!begins_channel(request) || channels_.size() >= limits::store_channels_max) return nullptr;
    return channels_.emplace(number, std::make_shared<Channel>(store_, grants_, held_)).first->second;
  }

  void end(ChannelNumber number) {
    std::shared_ptr<Channel> ended;  // goes after the lock: it may have much to let go
    const std::lock_guard lock(mutex_);
    const auto known = channels_.find(number);
    if (known == channels_.end()) return;
    ended = std::move(known->second);
    channels_.erase(known);
  }

  maildrop::Store& store_;
  Grants& grants_;
  Allowance held_{limits::store_channels_held_octets_max};
  std::mutex mutex_;
  std::unordered_map<ChannelNumber, std::shared_ptr<Channel>> channels_;
};

}  // namespace

void serve_channels(maildrop::Store& store, Grants& grants, std::vector<Descriptor> sockets) {
  Channels channels(store, grants);
  ipc::serve_sockets(std::move(sockets), [&channels](ipc::FrameSocket& socket) { channels.converse(socket); });
}

}  // namespace fermo::maildrop_ipc
