#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/tls_test_client.h"

namespace fermo::server::test {

/// A client that blocks, for tests: plain or under TLS. A server that stays silent makes it throw instead of hang.
class Client {
 public:
  using TlsOptions = runtime::test::TlsClient::Options;

  static Client tcp(std::uint16_t port, int receive_buffer_octets = 0) {
    Client client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer_octets != 0) {
      ::setsockopt(client.fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_octets, sizeof(receive_buffer_octets));
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client.connect(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    return client;
  }

  static Client tcp6(std::uint16_t port) {
    Client client(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr = in6addr_loopback;
    client.connect(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    return client;
  }

  static Client unix_socket(const std::string& path) {
    Client client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    client.connect(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    return client;
  }

  Client(Client&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)), tls_(std::move(other.tls_)) {}
  Client& operator=(Client&&) = delete;
  ~Client() { close(); }

  /// Empty on success, OpenSSL's reason otherwise.
  std::string start_tls(const TlsOptions& options = {}, const runtime::test::TlsClient::Session& resumed = nullptr) {
    tls_ = std::make_unique<runtime::test::TlsClient>(fd_, options, resumed);
    return tls_->handshake() == 1 ? "" : tls_->error();
  }
  runtime::test::TlsClient& tls() { return *tls_; }

  void send(std::string_view octets) {
    if (tls_) {
      if (!tls_->write(octets)) throw std::runtime_error("TLS write: " + tls_->error());
      return;
    }
    while (!octets.empty()) {
      const ssize_t sent = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
      if (sent < 0) throw std::runtime_error(std::string("send: ") + std::strerror(errno));
      octets.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// One line without its CRLF; what is left without a line end at the end of the connection.
  std::string line() { return take_through("\r\n", 2); }
  /// A multi-line response after its first line, with byte-stuffing, without the terminating line.
  std::string lines() {
    if (fill_until(".\r\n", true)) return take(0, 3);
    return take_through("\r\n.\r\n", 3);
  }
  /// Everything until the server closes; what comes after a reset is lost.
  std::string rest() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
  }
  std::string ask(std::string_view command) {
    send(std::string(command) + "\r\n");
    return line();
  }
  /// The server has closed, and said nothing more.
  bool at_end() { return buffer_.empty() && !fill(); }

  void end_writing() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    tls_.reset();
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  /// The connection ends by a reset, as when the machine at the other end has crashed.
  void reset() {
    const ::linger at_once = {1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close();
  }
  /// TCP segments with data that have arrived: over loopback, one for each write of the server.
  std::uint32_t segments_received() const {
    tcp_info info{};
    socklen_t octets = sizeof(info);
    ::getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &octets);
    return info.tcpi_data_segs_in;
  }
  int fd() const { return fd_; }

 private:
  explicit Client(int fd) : fd_(fd) {
    const timeval patience = {60, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  }

  void connect(const sockaddr* address, socklen_t octets) {
    if (::connect(fd_, address, octets) != 0) throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
  }

  /// False at the end of the connection.
  bool fill() {
    if (tls_) {
      const std::string piece = tls_->read();
      buffer_ += piece;
      return !piece.empty();
    }
    std::array<char, 65536> piece;
    const ssize_t octets = ::recv(fd_, piece.data(), piece.size(), 0);
    if (octets < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) throw std::runtime_error("the server stays silent");
    if (octets <= 0) return false;
    buffer_.append(piece.data(), static_cast<std::size_t>(octets));
    return true;
  }

  /// With `at_start`, false as soon as the buffer cannot begin with `mark` any more.
  bool fill_until(std::string_view mark, bool at_start) {
    for (;;) {
      if (at_start && buffer_.size() >= mark.size()) return buffer_.starts_with(mark);
      if (at_start && !mark.starts_with(buffer_)) return false;
      if (!fill()) return false;
    }
  }

  std::string take_through(std::string_view mark, std::size_t mark_octets_dropped) {
    std::size_t searched = 0;
    for (;;) {
      const std::size_t found = buffer_.find(mark, searched);
      if (found != std::string::npos) return take(found + mark.size() - mark_octets_dropped, mark_octets_dropped);
      searched = buffer_.size() < mark.size() ? 0 : buffer_.size() - mark.size();
      if (!fill()) return std::exchange(buffer_, {});
    }
  }

  std::string take(std::size_t octets, std::size_t dropped) {
    std::string text = buffer_.substr(0, octets);
    buffer_.erase(0, octets + dropped);
    return text;
  }

  int fd_ = -1;
  std::string buffer_;
  std::unique_ptr<runtime::test::TlsClient> tls_;
};

}  // namespace fermo::server::test
