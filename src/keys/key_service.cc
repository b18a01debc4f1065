#include "keys/key_service.h"

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include "base/limits.h"
#include "base/secret.h"
#include "keys/key_session.h"

namespace fermo::keys {
namespace {

bool send_whole(int socket, std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t sent = ::send(socket, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void converse(int socket, const KeyRing& ring, tickets::TicketKeys& ticket_keys) {
  KeySession session(ring, ticket_keys);
  std::array<char, limits::keys_request_octets_max> input;
  std::string output;
  while (true) {
    const ssize_t got = ::recv(socket, input.data(), input.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    const std::string_view octets(input.data(), static_cast<std::size_t>(got));
    if (!session.receive(octets, tickets::TicketKeys::Clock::now())) return;
    session.take_output(output);
    const bool sent = send_whole(socket, output);
    wipe(output);
    if (!sent) return;
  }
}

void end_all(const std::vector<Descriptor>& sockets) {
  for (const Descriptor& socket : sockets) ::shutdown(socket.get(), SHUT_RDWR);
}

}  // namespace

Result<void> serve(const KeyRing& ring, tickets::TicketKeys& ticket_keys, std::vector<Descriptor> sockets) {
  std::vector<std::thread> threads;
  threads.reserve(sockets.size());
  Result<void> outcome;
  std::atomic<bool> no_memory = false;
  const auto serve_one = [&](const Descriptor& socket) {
    try {
      converse(socket.get(), ring, ticket_keys);
    } catch (const std::exception&) {
      no_memory = true;
      end_all(sockets);
    }
    ::shutdown(socket.get(), SHUT_RDWR);  // at once, though the descriptor lives as long as the service
  };
  try {
    for (const Descriptor& socket : sockets) threads.emplace_back([&] { serve_one(socket); });
  } catch (const std::system_error& error) {
    outcome = error_code(error.code().value(), boost::system::system_category());
    end_all(sockets);
  }
  for (std::thread& thread : threads) thread.join();
  if (no_memory) outcome = error_code(ENOMEM, boost::system::system_category());
  return outcome;
}

}  // namespace fermo::keys
