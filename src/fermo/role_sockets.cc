#include "fermo/role_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <exception>
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
  try {
    batch.thread = std::thread([this, &batch, serve = std::move(serve), sockets = std::move(sockets)]() mutable {
      try {
        serve(std::move(sockets));
      } catch (const std::exception& error) {
        give_up(error.what());
      }
      batch.ended = true;
    });
  } catch (const std::exception& error) {  // no more threads, or no memory for one
    batches_.pop_back();
    give_up(error.what());
  }
}

void RoleSockets::give_up(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    problem_ = why;
  }
  notes_.shutdown();
}

std::optional<std::string> RoleSockets::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
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
