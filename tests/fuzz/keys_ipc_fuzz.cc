// Any octets on the socket between a TLS server and the process that holds its keys: as requests and replies, as what
// is to be answered, and as what a client gets back. What can be decoded must encode to the very same octets; no
// signature is of what a TLS server would not sign.
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
#include "keys/answer.h"
#include "keys/key_client.h"
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

void answer_one(std::string_view payload) {
  static tickets::TicketKeys ticket_keys(12h);
  const tickets::TicketKeys::Clock::time_point now(1000h);
  const auto request = decode_request(payload);
  const auto answered = answer(ring(), ticket_keys, payload, now);
  FERMO_CHECK(answered.has_value() == request.has_value());
  if (!answered) return;
  const auto reply = decode_reply(*answered);
  FERMO_CHECK(reply.has_value());
  if (!std::holds_alternative<reply::Signature>(*reply)) return;
  FERMO_CHECK(std::holds_alternative<request::Sign>(*request));
  FERMO_CHECK(tls_content_of(std::get<request::Sign>(*request).content) != TlsContent::none);
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
  answer_one(input);
  if (!input.empty()) answer_a_client(input);
  return 0;
}
