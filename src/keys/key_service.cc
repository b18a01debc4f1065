#include "keys/key_service.h"

#include <string>
#include <utility>

#include "base/secret.h"
#include "ipc/serve_sockets.h"
#include "keys/answer.h"

namespace fermo::keys {

void serve(const KeyRing& ring, tickets::TicketKeys& ticket_keys, std::vector<Descriptor> sockets) {
  ipc::serve_sockets(std::move(sockets), [&ring, &ticket_keys](ipc::FrameSocket& socket) {
    std::string payload;
    while (socket.receive(payload)) {
      auto reply = answer(ring, ticket_keys, payload, tickets::TicketKeys::Clock::now());
      if (!reply) return;
      const bool sent = socket.send(*reply);
      wipe(*reply);
      if (!sent) return;
    }
  });
}

}  // namespace fermo::keys
