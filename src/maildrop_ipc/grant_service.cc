#include "maildrop_ipc/grant_service.h"

#include <string>
#include <string_view>

#include "maildrop/error.h"

namespace fermo::maildrop_ipc {
namespace {

constexpr std::string_view granted = "+";
constexpr std::string_view too_many = "-";

}  // namespace

Result<void> grant(ipc::SocketPool& store, const DropId& drop) {
  std::string reply;
  const auto outcome = store.ask(drop.text(), reply);
  if (outcome != ipc::SocketPool::Outcome::answered || reply != granted) return maildrop::Error::unavailable;
  return {};
}

void take_grants(ipc::FrameSocket& socket, Grants& grants) {
  std::string payload;
  while (socket.receive(payload)) {
    const auto drop = DropId::from(payload);
    if (!drop || !socket.send(grants.add(*drop, Grants::Clock::now()) ? granted : too_many)) return;
  }
}

}  // namespace fermo::maildrop_ipc
