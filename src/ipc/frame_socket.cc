#include "ipc/frame_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/check.h"
#include "base/limits.h"
#include "base/memory_shortage.h"

namespace fermo::ipc {
namespace {

using Length = std::array<char, 4>;
/// In the length of the head.
constexpr std::size_t rest_follows = std::size_t{1} << 31;

void put_length(std::string& prefix, std::size_t octets) {
  for (std::size_t i = 0; i < Length().size(); ++i) prefix.push_back(static_cast<char>((octets >> (8 * i)) & 0xff));
}

std::size_t length_in(const Length& received) {
  std::size_t octets = 0;
  for (std::size_t i = 0; i < received.size(); ++i) {
    octets |= std::size_t{static_cast<unsigned char>(received[i])} << (8 * i);
  }
  return octets;
}

std::string prefix_of(std::size_t head, std::size_t rest) {
  std::string prefix;
  put_length(prefix, rest == 0 ? head : head | rest_follows);
  if (rest != 0) put_length(prefix, rest);
  return prefix;
}

error_code system_error() {
  return {errno, boost::system::system_category()};
}

/// The address of a socket file. A path that is too long for sun_path is reached through a descriptor of its folder,
/// which must stay open while the address is used.
struct Address {
  sockaddr_un name{};
  Descriptor folder;
};

std::optional<Address> address_of(const std::filesystem::path& path) {
  Address address;
  address.name.sun_family = AF_UNIX;
  std::string text = path.native();
  if (text.size() >= sizeof(address.name.sun_path)) {
    address.folder = Descriptor(::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!address.folder) return std::nullopt;
    text = "/proc/self/fd/" + std::to_string(address.folder.get()) + "/" + path.filename().native();
  }
  if (text.size() >= sizeof(address.name.sun_path)) {
    errno = ENAMETOOLONG;
    return std::nullopt;
  }
  std::memcpy(address.name.sun_path, text.c_str(), text.size() + 1);
  return address;
}

const sockaddr* as_sockaddr(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address.name);
}

Descriptor new_socket() {
  return Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

/// Takes what has been sent from the front.
void skip(std::array<std::string_view, 3>& parts, std::size_t octets) {
  for (std::string_view& part : parts) {
    const std::size_t some = std::min(octets, part.size());
    part.remove_prefix(some);
    octets -= some;
  }
}

}  // namespace

void FrameSocket::set_receive_time_max(std::chrono::milliseconds time_max) {
  timeval time{};
  time.tv_sec = time_max.count() / 1000;
  time.tv_usec = time_max.count() % 1000 * 1000;
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
}

bool FrameSocket::send(std::string_view head, std::string_view rest) {
  FERMO_CHECK(!head.empty() && head.size() + rest.size() <= limits::ipc_frame_octets_max);
  const std::string prefix = prefix_of(head.size(), rest.size());
  std::array<std::string_view, 3> parts = {prefix, head, rest};
  while (true) {
    std::array<iovec, 3> vectors{};
    std::size_t left = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      vectors[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
      left += parts[i].size();
    }
    if (left == 0) return true;
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = vectors.size();
    const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EINTR || waited_for_memory(errno))) continue;
    if (sent <= 0) return false;
    skip(parts, static_cast<std::size_t>(sent));
  }
}

bool FrameSocket::receive(Frame& frame) {
  std::size_t head = 0;
  std::size_t rest = 0;
  if (!receive_lengths(head, rest)) return false;
  frame.head.resize(head);
  frame.rest.resize(rest);
  return receive_whole(frame.head.data(), head) && receive_whole(frame.rest.data(), rest);
}

bool FrameSocket::receive(std::string& head) {
  std::size_t octets = 0;
  std::size_t rest = 0;
  if (!receive_lengths(octets, rest) || rest != 0) return false;
  head.resize(octets);
  return receive_whole(head.data(), octets);
}

bool FrameSocket::receive_lengths(std::size_t& head, std::size_t& rest) {
  Length received;
  const ssize_t begun = receive_some(received.data(), received.size());
  late_ = begun < 0 && errno == EAGAIN;
  if (begun <= 0) return false;
  const auto octets = static_cast<std::size_t>(begun);
  if (!receive_whole(received.data() + octets, received.size() - octets)) return false;
  head = length_in(received);
  rest = 0;
  if ((head & rest_follows) != 0) {
    head -= rest_follows;
    if (!receive_whole(received.data(), received.size())) return false;
    rest = length_in(received);
    if (rest == 0) return false;
  }
  return head != 0 && head <= limits::ipc_frame_octets_max && rest <= limits::ipc_frame_octets_max - head;
}

bool FrameSocket::receive_whole(char* to, std::size_t octets) {
  while (octets > 0) {
    const ssize_t got = receive_some(to, octets);
    if (got <= 0) return false;
    to += got;
    octets -= static_cast<std::size_t>(got);
  }
  return true;
}

ssize_t FrameSocket::receive_some(char* to, std::size_t octets) {
  while (true) {
    const ssize_t got = ::recv(socket_.get(), to, octets, 0);
    if (got < 0 && (errno == EINTR || waited_for_memory(errno))) continue;
    return got;
  }
}

bool FrameSocket::has_something() const {
  pollfd waiting{socket_.get(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) > 0;
}

void FrameSocket::shutdown() {
  ::shutdown(socket_.get(), SHUT_RDWR);
}

void FrameSocket::say_goodbye(std::chrono::milliseconds time_max) {
  if (::shutdown(socket_.get(), SHUT_WR) != 0) return;
  set_receive_time_max(time_max);
  Frame ignored;
  while (receive(ignored)) {
  }
}

Result<uid_t> FrameSocket::peer_user() const {
  ucred credentials{};
  socklen_t octets = sizeof(credentials);
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &octets) != 0) return system_error();
  return credentials.uid;
}

Result<FrameSocket> connect_to(const std::filesystem::path& path) {
  const auto address = address_of(path);
  if (!address) return system_error();
  Descriptor socket = new_socket();
  if (!socket) return system_error();
  if (::connect(socket.get(), as_sockaddr(*address), sizeof(address->name)) != 0) return system_error();
  return FrameSocket(std::move(socket));
}

Result<Descriptor> listen_at(const std::filesystem::path& path) {
  std::filesystem::path new_path = path;
  new_path += ".new";
  const auto address = address_of(new_path);
  if (!address) return system_error();
  Descriptor socket = new_socket();
  if (!socket) return system_error();
  if (::unlink(new_path.c_str()) != 0 && errno != ENOENT) return system_error();
  // Before bind(2): the file gets the mode of the socket, so nobody else can connect in between.
  if (::fchmod(socket.get(), S_IRUSR | S_IWUSR) != 0 ||
      ::bind(socket.get(), as_sockaddr(*address), sizeof(address->name)) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0 || ::rename(new_path.c_str(), path.c_str()) != 0) {
    return system_error();
  }
  return socket;
}

}  // namespace fermo::ipc
