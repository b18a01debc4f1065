#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

#include "base/check.h"
#include "base/limits.h"
#include "pieces.h"
#include "pop3/client_harness.h"

/// One POP3 session with a hostile server: what it says, when the line ends, and what was ordered. The rules are those
/// of the harness, above all: no credential leaves before TLS where TLS is demanded, and pieces come only between the
/// beginning and the end of a message. What comes out does not depend on whether a line arrives whole.
///
/// The input: one octet of settings and of how it ends and is cut, one of orders, one of credentials, and what the
/// server says. A line "<TLS>" in it is where the handshake ends, so that what comes before was sent in the clear.
namespace {

namespace limits = fermo::limits;
using fermo::MessageNumber;
using fermo::Secret;
using fermo::pop3::client::Apop;
using fermo::pop3::client::Capabilities;
using fermo::pop3::client::CredentialKind;
using fermo::pop3::client::Harness;
using fermo::pop3::client::LoginMethod;
using fermo::pop3::client::Order;
using fermo::pop3::client::Pipelining;
using fermo::pop3::client::Settings;
using fermo::pop3::client::Tls;

constexpr std::string_view handshake = "<TLS>\n";
constexpr std::size_t input_octets_max = 64 * 1024;
constexpr std::string_view much = "CAPA\nTOP\nUTF8\nPIPELINING\nSASL PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS XOAUTH2";
const fermo::sasl::ChannelBinding binding{fermo::sasl::ChannelBinding::Type::tls_exporter, "binding"};

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
  if ((credentials & 4U) != 0) settings.methods = {Apop{}};
  if ((credentials & 8U) != 0) settings.channel_binding = binding;
  if ((credentials & 16U) != 0) settings.remembered_capabilities = Capabilities::from_text("CAPA");
  if ((credentials & 32U) != 0) settings.remembered_capabilities = Capabilities::from_text(much);
  if ((credentials & 64U) != 0) settings.user = "m\xc3\xb6,=\tse";
  if ((credentials & 128U) != 0) settings.user = "no\nline";
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
using Piece = std::size_t (*)(std::string_view rest, std::size_t all);

std::size_t one_line(std::string_view rest, std::size_t) {
  return std::min(rest.find('\n'), rest.size() - 1) + 1;
}
/// What ends in LF alone comes together with what follows: often enough into what nothing asked for yet.
std::size_t some_lines(std::string_view rest, std::size_t) {
  const auto end = rest.find("\r\n");
  return end == std::string_view::npos ? rest.size() : end + 2;
}

/// Octets until the next handshake: a session that waits for its TLS reads nothing.
void receive(Harness& session, std::string_view octets, Piece piece) {
  const std::size_t all = octets.size();
  while (!octets.empty() && !session.closed() && !session.tls_awaited()) {
    const auto received = octets.substr(0, piece(octets, all));
    session.receive(received);
    octets.remove_prefix(received.size());
  }
}

void play(Harness& session, std::string_view input, Piece piece, bool expires) {
  while (!session.closed()) {
    const auto end = input.find(handshake);
    receive(session, input.substr(0, end), piece);
    if (end == std::string_view::npos) break;
    if (session.tls_awaited()) session.answer_tls(true, binding);
    input.remove_prefix(end + handshake.size());
  }
  if (session.tls_awaited()) session.answer_tls(false, {});
  FERMO_CHECK(session.time_limit() >= limits::client_reply_time_max &&
              session.time_limit() <= limits::client_reply_time_max + limits::client_deletions_time_max);
  expires ? session.expire() : session.end_of_input();
}

/// What is kept of a server for the next session comes back as it was.
void check_remembered(const Harness& session) {
  if (!session.ready()) return;
  for (const Capabilities& there : {session.ready()->capabilities, session.ready()->capabilities_before_login}) {
    FERMO_CHECK(Capabilities::from_text(there.text()) == there);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3 || size > input_octets_max) return -1;
  const Settings settings = settings_of(data[0], data[2]);
  const auto orders = orders_of(data[1]);
  const std::string_view input(reinterpret_cast<const char*>(data) + 3, size - 3);
  const bool expires = (data[0] & 128U) != 0;

  if ((data[0] & 64U) != 0) {
    Harness cut(settings, orders);
    play(cut, input, some_lines, expires);
    FERMO_CHECK(cut.closed());
    return 0;
  }
  Harness by_line(settings, orders);
  play(by_line, input, one_line, expires);
  Harness in_pieces(settings, orders);
  play(in_pieces, input, fermo::fuzz::piece_within_line, expires);
  // How much of a message that is too large came first is up to the cuts.
  const bool too_large = by_line.close().end == fermo::pop3::client::End::message_too_large;
  // The client's nonce is new each time.
  const bool random = by_line.sent().find("SCRAM") != std::string::npos;
  FERMO_CHECK(in_pieces.close().end == by_line.close().end);
  FERMO_CHECK(too_large || random || in_pieces.trace() == by_line.trace());
  check_remembered(by_line);
  return 0;
}
