#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

#include "base/check.h"
#include "pop3/client_harness.h"

/// One POP3 session with a hostile server: what it says, when the line ends, and what was ordered. The rules are those
/// of the harness, above all: no credential leaves before TLS where TLS is demanded, and pieces come only between the
/// beginning and the end of a message. What comes out does not depend on whether a line arrives whole.
///
/// The input: one octet of settings, one of orders, one of credentials, and what the server says. A line "<TLS>" in it
/// is where the handshake ends, so that what comes before was sent in the clear.
namespace {

using fermo::MessageNumber;
using fermo::Secret;
using fermo::pop3::client::CredentialKind;
using fermo::pop3::client::Harness;
using fermo::pop3::client::LoginMethod;
using fermo::pop3::client::Order;
using fermo::pop3::client::Pipelining;
using fermo::pop3::client::Settings;
using fermo::pop3::client::Tls;

constexpr std::string_view handshake = "<TLS>\n";
constexpr std::size_t input_octets_max = 64 * 1024;

Settings settings_of(unsigned flags, unsigned credentials) {
  Settings settings;
  settings.tls = static_cast<Tls>(flags % 3);
  settings.pipelining = static_cast<Pipelining>((flags >> 2U) % 3);
  settings.plaintext_logins = (flags & 16U) != 0;
  settings.window_octets = (flags & 32U) != 0 ? 20 : 1000;
  settings.message_octets_max = 10'000;
  settings.user = "mrose";
  settings.secret = Secret("tanstaaf");
  settings.kind = static_cast<CredentialKind>(credentials % 3);
  if ((credentials & 4U) != 0) settings.methods = {fermo::pop3::client::Apop{}};
  if ((credentials & 8U) != 0) settings.channel_binding = {fermo::sasl::ChannelBinding::Type::tls_exporter, "binding"};
  if ((credentials & 16U) != 0) settings.remembered_capabilities.emplace().known = true;
  if ((credentials & 32U) != 0) settings.remembered_capabilities.emplace().pipelining = true;
  return settings;
}

std::deque<Order> orders_of(unsigned flags) {
  const auto first = MessageNumber::at_index(0);
  const auto second = MessageNumber::at_index(1);
  std::deque<Order> orders;
  if ((flags & 1U) != 0) orders.push_back(Order::stat());
  if ((flags & 2U) != 0) orders.insert(orders.end(), {Order::list(), Order::uidl()});
  if ((flags & 4U) != 0) orders.insert(orders.end(), {Order::list(first), Order::uidl(second)});
  if ((flags & 8U) != 0) orders.insert(orders.end(), {Order::retr(first), Order::retr(second)});
  if ((flags & 16U) != 0) orders.push_back(Order::top(first, 10));
  if ((flags & 32U) != 0) orders.insert(orders.end(), {Order::dele(first), Order::noop(), Order::rset()});
  return orders;
}

/// How many octets of `rest` arrive together next.
using Piece = std::size_t (*)(std::string_view rest);

std::size_t one_octet(std::string_view) {
  return 1;
}
std::size_t one_line(std::string_view rest) {
  return std::min(rest.find('\n'), rest.size() - 1) + 1;
}
/// Often enough into what nothing has asked for yet.
std::size_t some_octets(std::string_view rest) {
  return rest.size() * 31 % 97 + 1;
}

/// Octets until the next handshake: a session that waits for its TLS reads nothing.
void receive(Harness& session, std::string_view octets, Piece piece) {
  while (!octets.empty() && !session.closed() && !session.tls_awaited()) {
    const auto received = octets.substr(0, piece(octets));
    session.receive(received);
    octets.remove_prefix(received.size());
  }
}

void play(Harness& session, std::string_view input, Piece piece) {
  while (!session.closed()) {
    const auto end = input.find(handshake);
    receive(session, input.substr(0, end), piece);
    if (end == std::string_view::npos) break;
    if (session.tls_awaited()) session.answer_tls(true, {});
    input.remove_prefix(end + handshake.size());
  }
  if (session.tls_awaited()) session.answer_tls(false, {});
  session.end_of_input();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3 || size > input_octets_max) return -1;
  const Settings settings = settings_of(data[0], data[2]);
  const auto orders = orders_of(data[1]);
  const std::string_view input(reinterpret_cast<const char*>(data) + 3, size - 3);

  Harness by_octet(settings, orders);
  play(by_octet, input, one_octet);
  Harness by_line(settings, orders);
  play(by_line, input, one_line);
  Harness cut(settings, orders);
  play(cut, input, some_octets);
  // How much of a message that is too large came first is up to the cuts.
  const bool too_large = by_line.close().end == fermo::pop3::client::End::message_too_large;
  // The client's nonce is new each time.
  const bool random = by_line.sent().find("SCRAM") != std::string::npos;
  FERMO_CHECK(by_octet.close().end == by_line.close().end);
  FERMO_CHECK(too_large || random || by_octet.trace() == by_line.trace());
  FERMO_CHECK(cut.closed());
  return 0;
}
