#include "fermo/role_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <utility>

namespace fermo::commands {

RoleSockets::~RoleSockets() {
  for (const Batch& batch : batches_) {
    for (const Descriptor& copy : batch.copies) ::shutdown(copy.get(), SHUT_RDWR);
  }
  join();
}

void RoleSockets::add(std::vector<Descriptor> sockets, std::function<void(std::vector<Descriptor>)> serve) {
  reap();
  Batch& batch = batches_.emplace_back();
  for (const Descriptor& socket : sockets) batch.copies.emplace_back(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
  batch.thread = std::thread([&batch, serve = std::move(serve), sockets = std::move(sockets)]() mutable {
    serve(std::move(sockets));
    batch.ended = true;
  });
}

void RoleSockets::reap() {
  batches_.remove_if([](Batch& batch) {
    if (!batch.ended) return false;
    batch.thread.join();
    return true;
  });
}

void RoleSockets::join() {
  for (Batch& batch : batches_) batch.thread.join();
  batches_.clear();
}

}  // namespace fermo::commands
