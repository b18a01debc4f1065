#include "ipc/serve_sockets.h"

#include <exception>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace fermo::ipc {
namespace {

/// The first of what was thrown.
class Thrown {
 public:
  void note(std::exception_ptr one) {
    const std::lock_guard lock(mutex_);
    if (!first_) first_ = std::move(one);
  }
  /// When nobody notes any more.
  void throw_again() const {
    if (first_) std::rethrow_exception(first_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr first_;
};

}  // namespace

void serve_sockets(std::vector<Descriptor> sockets, const std::function<void(FrameSocket&)>& converse) {
  std::list<FrameSocket> connections;
  Thrown thrown;
  const auto serve_one = [&](FrameSocket& socket) {
    try {
      converse(socket);
    } catch (const std::exception&) {
      thrown.note(std::current_exception());
      for (FrameSocket& connection : connections) connection.shutdown();
    }
    socket.shutdown();  // at once, though the descriptor lives as long as the others
  };
  std::vector<std::thread> threads;
  threads.reserve(sockets.size());
  for (Descriptor& socket : sockets) connections.emplace_back(std::move(socket));
  try {
    for (FrameSocket& connection : connections) {
      threads.emplace_back([&connection, &serve_one] { serve_one(connection); });
    }
  } catch (const std::system_error&) {  // no more threads: those that are there serve
    for (auto it = std::next(connections.begin(), static_cast<std::ptrdiff_t>(threads.size())); it != connections.end();
         ++it) {
      it->shutdown();
    }
  }
  for (std::thread& thread : threads) thread.join();
  thrown.throw_again();
}

}  // namespace fermo::ipc
