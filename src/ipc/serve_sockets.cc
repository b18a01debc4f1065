#include "ipc/serve_sockets.h"

#include <exception>
#include <list>
#include <mutex>
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
  const auto end_all = [&connections] {
    for (FrameSocket& connection : connections) connection.shutdown();
  };
  const auto serve_one = [&](FrameSocket& socket) {
    try {
      converse(socket);
    } catch (const std::exception&) {
      thrown.note(std::current_exception());
      end_all();
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
  } catch (const std::exception&) {  // no more threads, or no memory for one
    thrown.note(std::current_exception());
    end_all();
  }
  for (std::thread& thread : threads) thread.join();
  thrown.throw_again();
}

}  // namespace fermo::ipc
