// Any octets on the socket between a TLS server and the process that holds its keys: as requests and replies, as a
// stream to a serving session, and as what a client gets back. What can be decoded must encode to the very same octets;
// a session that was not greeted says nothing but how it is greeted; no signature is of what a TLS server would not
// sign.
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/limits.h"
#include "keys/key_client.h"
#include "keys/key_session.h"
#include "keys/test_identity.h"
#include "keys/tls_content.h"
#include "keys/wire.h"

namespace fermo::keys {
namespace {

using namespace std::chrono_literals;

const KeyRing& ring() {
  static const KeyRing made = [] {
    KeyRing ring;
    const test::TestIdentity identity(KeyKind::ed25519);  // the quickest to sign with
    ring.add(identity.certificate_pem(), identity.key_pem()).value();
    return ring;
  }();
  return made;
}

void check_wire(std::string_view input) {
  if (const auto request = decode_request(input)) FERMO_CHECK(encode(*request) == input);
  if (const auto reply = decode_reply(input)) FERMO_CHECK(encode(*reply) == input);
}

/// What came out is nothing, or one whole reply to what went in.
void check_output(std::string_view output, std::string_view input) {
  if (output.empty()) return;
  FERMO_CHECK(output.size() == length_octets + length_of_frame(output));
  const auto reply = decode_reply(output.substr(length_octets));
  FERMO_CHECK(reply.has_value());
  if (!std::holds_alternative<reply::Signature>(*reply)) return;
  const auto request = decode_request(input.substr(length_octets));
  FERMO_CHECK(request && std::holds_alternative<request::Sign>(*request));
  FERMO_CHECK(tls_content_of(std::get<request::Sign>(*request).content) != TlsContent::none);
}

/// The first octet chooses whether to greet, and into how long pieces the rest is cut.
void converse(std::string_view input) {
  if (input.empty()) return;
  const auto choice = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  tickets::TicketKeys ticket_keys(12h);
  const tickets::TicketKeys::Clock::time_point now(1000h);
  KeySession session(ring(), ticket_keys);
  std::string output;
  if ((choice & 1) != 0) {
    FERMO_CHECK(session.receive(frame(encode(Request(request::Hello{}))), now));
    session.take_output(output);
  }
  std::string frame_so_far;
  for (const std::size_t piece_octets = (choice >> 1) + 1U; !input.empty();) {
    const std::string_view piece = input.substr(0, piece_octets);
    input.remove_prefix(piece.size());
    frame_so_far.append(piece);
    if (!session.receive(piece, now)) return;
    output.clear();
    session.take_output(output);
    check_output(output, frame_so_far);
    if (!output.empty()) frame_so_far.clear();
  }
}

/// All that the other side ever says, and then it has gone.
void answer_a_client(std::string_view input) {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) std::abort();
  {
    const Descriptor theirs(fds[1]);
    if (::send(theirs.get(), input.data(), input.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) std::abort();
    ::shutdown(theirs.get(), SHUT_WR);
    std::vector<Descriptor> sockets;
    sockets.emplace_back(fds[0]);
    KeyClient client(std::move(sockets), 1h);
    const auto count = client.key_count();
    FERMO_CHECK(!count || *count <= limits::keys_max);
    const auto signature = client.sign(0, Scheme::ed25519, test::certificate_verify());
    FERMO_CHECK(!signature || signature->size() <= limits::keys_signature_octets_max);
    const auto chain = client.certificates(0);
    FERMO_CHECK(!chain || chain->size() <= limits::keys_chain_max);
    const auto tickets = client.ticket_keys();
    FERMO_CHECK(!tickets || tickets->time_left <= limits::ticket_key_time_max);
  }
}

}  // namespace
}  // namespace fermo::keys

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fermo::keys;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_wire(input);
  converse(input);
  if (!input.empty()) answer_a_client(input);
  return 0;
}
