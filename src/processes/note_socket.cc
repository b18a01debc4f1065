#include "processes/note_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/limits.h"
#include "base/memory_shortage.h"

namespace fermo::processes {
namespace {

error_code system_error(int number) {
  return {number, boost::system::system_category()};
}

constexpr std::size_t control_octets = CMSG_SPACE(sizeof(int) * limits::note_descriptors_max);

struct Control {
  alignas(cmsghdr) std::array<char, control_octets> octets{};
};

void put_descriptors(msghdr& message, Control& control, const std::vector<Descriptor>& descriptors) {
  if (descriptors.empty()) return;
  const std::size_t octets = sizeof(int) * descriptors.size();
  message.msg_control = control.octets.data();
  message.msg_controllen = CMSG_SPACE(octets);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(octets);
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    const int fd = descriptors[i].get();
    std::memcpy(CMSG_DATA(header) + i * sizeof(int), &fd, sizeof(int));
  }
}

std::vector<Descriptor> take_descriptors(msghdr& message) {
  std::vector<Descriptor> descriptors;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      descriptors.emplace_back(fd);
    }
  }
  return descriptors;
}

}  // namespace

bool NoteSocket::send(std::uint8_t kind, std::string_view payload, const std::vector<Descriptor>& descriptors) const {
  FERMO_CHECK(payload.size() <= limits::note_octets_max && descriptors.size() <= limits::note_descriptors_max);
  Control control;
  std::array<iovec, 2> parts = {iovec{&kind, 1}, iovec{const_cast<char*>(payload.data()), payload.size()}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  put_descriptors(message, control, descriptors);
  ssize_t sent = -1;
  do sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
  while (sent < 0 && (errno == EINTR || waited_for_memory(errno)));
  return sent == static_cast<ssize_t>(1 + payload.size());
}

std::optional<Note> NoteSocket::receive() const {
  Note note;
  Control control;
  note.payload.resize(limits::note_octets_max);
  std::array<iovec, 2> parts = {iovec{&note.kind, 1}, iovec{note.payload.data(), note.payload.size()}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  message.msg_control = control.octets.data();
  message.msg_controllen = control.octets.size();
  ssize_t got = -1;
  // One that ended without having read all it was sent may still have said something: that comes after the reset.
  do got = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && (errno == EINTR || errno == ECONNRESET || waited_for_memory(errno)));
  if (got <= 0) return std::nullopt;
  note.descriptors = take_descriptors(message);
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return std::nullopt;
  note.payload.resize(static_cast<std::size_t>(got) - 1);
  return note;
}

bool NoteSocket::has_something(std::chrono::milliseconds time_max) const {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + time_max;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    pollfd waiting{socket_.get(), POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::max(left.count(), std::int64_t{0})));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

void NoteSocket::shutdown() const {
  ::shutdown(socket_.get(), SHUT_RDWR);
}

void NoteSocket::end() const {
  ::shutdown(socket_.get(), SHUT_WR);
}

Result<NoteSocket> connect_notes(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof(address.sun_path)) return system_error(ENAMETOOLONG);
  path.native().copy(address.sun_path, path.native().size());
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket) return system_error(errno);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return system_error(errno);
  }
  return NoteSocket(std::move(socket));
}

Result<SocketPair> make_pair(bool stream) {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, (stream ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    return system_error(errno);
  }
  return SocketPair{Descriptor(fds[0]), Descriptor(fds[1])};
}

}  // namespace fermo::processes
