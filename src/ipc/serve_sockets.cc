#include "ipc/serve_sockets.h"

#include <exception>
#include <list>
#include <system_error>
#include <thread>
#include <utility>

namespace fermo::ipc {
namespace {

void serve_one(FrameSocket& socket, const std::function<void(FrameSocket&)>& converse) {
  try {
    converse(socket);
  } catch (const std::exception&) {
    // Of a library, or no memory: this connection ends, and the peer knows that it got no answer.
  }
  socket.shutdown();  // at once, though the descriptor lives as long as the others
}

}  // namespace

void serve_sockets(std::vector<Descriptor> sockets, const std::function<void(FrameSocket&)>& converse) {
  std::list<FrameSocket> connections;
  std::vector<std::thread> threads;
  threads.reserve(sockets.size());
  for (Descriptor& socket : sockets) connections.emplace_back(std::move(socket));
  try {
    for (FrameSocket& connection : connections) {
      threads.emplace_back([&connection, &converse] { serve_one(connection, converse); });
    }
  } catch (const std::system_error&) {  // no more threads: those that are there serve
    for (auto it = std::next(connections.begin(), static_cast<std::ptrdiff_t>(threads.size())); it != connections.end();
         ++it) {
      it->shutdown();
    }
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace fermo::ipc
