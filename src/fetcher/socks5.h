#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/secret.h"

/// SOCKS version 5 (RFC 1928), the client's side of CONNECT, without sockets.
namespace fermo::fetcher::socks5 {

/// Why a proxy made no connection. Each message is a sentence about the proxy.
enum class Error {
  general_failure = 1,  ///< These eight as RFC 1928 §6 numbers them.
  not_allowed,
  network_unreachable,
  host_unreachable,
  connection_refused,
  ttl_expired,
  command_not_supported,
  address_type_not_supported,
  unknown_reply,
  login_required,  ///< It wants user and password, or something else that cannot be given.
  login_refused,
  not_socks5,
  host_unusable,   ///< Longer than 255 octets, or empty.
  login_unusable,  ///< User or password longer than 255 octets, or empty.
  closed,          ///< It closed the connection without a word.
};
boost::system::error_code make_error_code(Error error) noexcept;

/// RFC 1929.
struct Login {
  std::string user;
  Secret password;
};

/// One handshake: call next() and obey, until it gives Connected or Failed.
class Handshake {
 public:
  struct Send {
    std::string octets;
    bool secret = false;  ///< Wipe it once it has left.
  };
  /// Read so many octets and not one more, since what follows is not the proxy's; then receive().
  struct Receive {
    std::size_t octets;
  };
  struct Connected {};
  struct Failed {
    Error why;
  };
  using Step = std::variant<Send, Receive, Connected, Failed>;

  /// `host` goes to the proxy as it is, which looks up its address; an address goes as one.
  Handshake(std::optional<Login> login, std::string host, std::uint16_t port);

  Step next();
  void receive(std::string_view octets);

 private:
  enum class State { greet, choose, log_in, admit, request, reply, address, tail, connected };
  Step greeting();
  Step login_request();
  Step request() const;
  void take_method(std::string_view octets);
  void take_reply(std::string_view octets);
  void fail(Error error) { failed_ = error; }

  std::optional<Login> login_;
  std::string host_;
  std::uint16_t port_;
  State state_ = State::greet;
  std::size_t awaited_ = 0;
  std::optional<Error> failed_;
};

}  // namespace fermo::fetcher::socks5

template <>
struct boost::system::is_error_code_enum<fermo::fetcher::socks5::Error> : std::true_type {};
