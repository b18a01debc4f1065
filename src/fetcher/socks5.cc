#include "fetcher/socks5.h"

#include <arpa/inet.h>

#include <array>
#include <utility>

#include "base/check.h"
#include "base/error_category.h"

namespace fermo::fetcher::socks5 {
namespace {

constexpr char version = 5;
constexpr char login_version = 1;  // RFC 1929 §2
constexpr char method_none = 0;
constexpr char method_login = 2;
constexpr char command_connect = 1;
constexpr char address_v4 = 1;
constexpr char address_name = 3;
constexpr char address_v6 = 4;
constexpr std::size_t port_octets = 2;
constexpr std::size_t text_octets_max = 255;

ErrorMeaning meaning_of(Error error) noexcept {
  switch (error) {
    case Error::general_failure:
      return {Failure::temporary, "the proxy failed without saying why"};
    case Error::not_allowed:
      return {Failure::permanent, "the proxy does not allow this connection"};
    case Error::network_unreachable:
      return {Failure::temporary, "the proxy cannot reach the server's network"};
    case Error::host_unreachable:
      return {Failure::temporary, "the proxy cannot find or reach the server"};
    case Error::connection_refused:
      return {Failure::temporary, "the proxy reached the server, which refuses the connection"};
    case Error::ttl_expired:
      return {Failure::temporary, "the proxy got no answer from the server in time"};
    case Error::command_not_supported:
      return {Failure::permanent, "the proxy does not make connections for others"};
    case Error::address_type_not_supported:
      return {Failure::permanent, "the proxy does not take this kind of address; name the server in another way"};
    case Error::unknown_reply:
      return {Failure::permanent, "the proxy gave a reason that RFC 1928 does not know"};
    case Error::login_required:
      return {Failure::permanent,
              "the proxy wants a login; give a user in --proxy and a password by --proxy-password-file"};
    case Error::login_refused:
      return {Failure::permanent, "the proxy refused user or password"};
    case Error::not_socks5:
      return {Failure::permanent, "what answers is no SOCKS5 proxy"};
    case Error::host_unusable:
      return {Failure::permanent, "no proxy takes a host name of this length"};
    case Error::login_unusable:
      return {Failure::permanent, "user and password of a proxy have 1 to 255 octets each"};
    case Error::closed:
      return {Failure::temporary, "the proxy closed the connection"};
  }
  return {Failure::permanent, "SOCKS5 error of an unknown kind"};
}

bool is_sendable(std::string_view text) {
  return !text.empty() && text.size() <= text_octets_max;
}

char length_octet(std::string_view text) {
  return static_cast<char>(static_cast<unsigned char>(text.size()));
}

/// Its octets in the order of the network; nothing when `host` is a name.
template <class Address>
std::optional<std::string> octets_of_address(int family, const std::string& host) {
  Address address{};
  if (::inet_pton(family, host.c_str(), &address) != 1) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(&address), sizeof address);
}

}  // namespace

boost::system::error_code make_error_code(Error error) noexcept {
  static const ErrorCategory category("socks5", meaning_of);
  return {static_cast<int>(error), category};
}

Handshake::Handshake(std::optional<Login> login, std::string host, std::uint16_t port)
    : login_(std::move(login)), host_(std::move(host)), port_(port) {
  if (!is_sendable(host_)) fail(Error::host_unusable);
  if (login_ && !(is_sendable(login_->user) && is_sendable(login_->password.reveal()))) fail(Error::login_unusable);
}

Handshake::Step Handshake::next() {
  if (failed_) return Failed{*failed_};
  if (awaited_ > 0) return Receive{awaited_};
  switch (state_) {
    case State::greet:
      return greeting();
    case State::log_in:
      return login_request();
    case State::request:
      state_ = State::reply;
      awaited_ = 4;
      return request();
    default:
      FERMO_CHECK(state_ == State::connected);
      return Connected();
  }
}

/// RFC 1928 §3. Without a login to give none is offered, so that a proxy cannot ask for one.
Handshake::Step Handshake::greeting() {
  state_ = State::choose;
  awaited_ = 2;
  if (!login_) return Send{{version, 1, method_none}};
  return Send{{version, 2, method_none, method_login}};
}

Handshake::Step Handshake::login_request() {
  state_ = State::admit;
  awaited_ = 2;
  const std::string_view password = login_->password.reveal();
  Send step{{}, true};
  step.octets.reserve(3 + login_->user.size() + password.size());  // it must not move: what it left would not be wiped
  step.octets += login_version;
  step.octets += length_octet(login_->user);
  step.octets += login_->user;
  step.octets += length_octet(password);
  step.octets += password;
  return step;
}

/// RFC 1928 §4.
Handshake::Step Handshake::request() const {
  std::string octets{version, command_connect, 0};
  if (const auto v4 = octets_of_address<in_addr>(AF_INET, host_)) {
    octets += address_v4 + *v4;
  } else if (const auto v6 = octets_of_address<in6_addr>(AF_INET6, host_)) {
    octets += address_v6 + *v6;
  } else {
    octets += address_name;
    octets += length_octet(host_) + host_;
  }
  octets += static_cast<char>(port_ >> 8);
  octets += static_cast<char>(port_ & 0xff);
  return Send{std::move(octets)};
}

void Handshake::receive(std::string_view octets) {
  FERMO_CHECK(octets.size() == awaited_ && awaited_ > 0);
  awaited_ = 0;
  switch (state_) {
    case State::choose:
      return take_method(octets);
    case State::admit:
      if (octets[1] != 0) return fail(Error::login_refused);
      state_ = State::request;
      return;
    case State::reply:
      return take_reply(octets);
    case State::address:
      awaited_ = static_cast<unsigned char>(octets[0]) + port_octets;
      state_ = State::tail;
      return;
    default:
      FERMO_CHECK(state_ == State::tail);
      state_ = State::connected;
  }
}

void Handshake::take_method(std::string_view octets) {
  if (octets[0] != version) return fail(Error::not_socks5);
  if (octets[1] == method_none) {
    state_ = State::request;
  } else if (octets[1] == method_login && login_) {
    state_ = State::log_in;
  } else {
    fail(Error::login_required);
  }
}

/// RFC 1928 §6. The address that the proxy connected from is of no interest, only where it ends.
void Handshake::take_reply(std::string_view octets) {
  if (octets[0] != version) return fail(Error::not_socks5);
  const auto reply = static_cast<unsigned char>(octets[1]);
  const bool known = reply <= static_cast<unsigned char>(Error::address_type_not_supported);
  if (reply != 0) return fail(known ? static_cast<Error>(reply) : Error::unknown_reply);
  switch (octets[3]) {
    case address_v4:
      awaited_ = sizeof(in_addr) + port_octets;
      break;
    case address_v6:
      awaited_ = sizeof(in6_addr) + port_octets;
      break;
    case address_name:
      awaited_ = 1;
      state_ = State::address;
      return;
    default:
      return fail(Error::not_socks5);
  }
  state_ = State::tail;
}

}  // namespace fermo::fetcher::socks5
