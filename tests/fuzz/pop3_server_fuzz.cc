#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "pieces.h"
#include "pop3/session_harness.h"

/// One POP3 session: octets from the peer, outcomes and their failures, and the end. The rules are those of
/// SessionHarness; and what comes out may not depend on how the octets were cut.
///
/// The input: one octet of settings (its low five bits, so that a seed is text), one that says in its low four bits how
/// many octets of outcomes follow, those, and what the peer sends.
namespace {

using fermo::pop3::ServerSettings;
using fermo::pop3::SessionHarness;

/// A line that never ends is judged by what has arrived, so what arrives stays below that.
constexpr std::size_t input_octets_max = 48 * 1024;

struct Case {
  unsigned flags;
  std::string_view outcomes;
  std::string_view input;
};

Case read_case(std::string_view data) {
  const auto flags = static_cast<unsigned char>(data[0]);
  const std::size_t count = static_cast<unsigned char>(data[1]) & 0x0FU;
  const auto rest = data.substr(2);
  return {.flags = flags, .outcomes = rest.substr(0, count), .input = rest.substr(std::min(count, rest.size()))};
}

ServerSettings settings_of(unsigned flags) {
  ServerSettings settings;
  settings.host_name = "pop.example.org";
  settings.tls_available = (flags & 1U) != 0;
  settings.plaintext_logins = (flags & 2U) != 0;
  return settings;
}

/// When the outcomes have run out all goes well: the largest number always stands for success.
SessionHarness::Choose chooser(std::string_view outcomes) {
  return [outcomes](std::uint64_t bound) mutable {
    if (outcomes.empty()) return bound - 1;
    const std::uint64_t octet = static_cast<unsigned char>(outcomes.front());
    outcomes.remove_prefix(1);
    return (bound > 256 ? octet * 7919 : octet) % bound;
  };
}

void end(SessionHarness& session, unsigned flags) {
  switch ((flags >> 3U) & 3U) {
    case 0:
      return session.end_of_input();
    case 1:
      return session.expire();
    default:
      return session.shut_down();
  }
}

void receive_in_pieces(SessionHarness& session, std::string_view input, unsigned flags) {
  std::size_t piece = flags % 7 + 1;
  while (!input.empty()) {
    session.receive(input.substr(0, piece));
    input.remove_prefix(std::min(piece, input.size()));
    piece = piece * 5 % 97 + 1;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > input_octets_max) return -1;
  const auto [flags, outcomes, input] = read_case({reinterpret_cast<const char*>(data), size});
  const bool tls_active = (flags & 4U) != 0;

  SessionHarness slow(settings_of(flags), tls_active, chooser(outcomes));
  slow.receive_within_lines(input,
                            [size](std::string_view rest) { return fermo::fuzz::piece_within_line(rest, size); });
  end(slow, flags);
  SessionHarness fast(settings_of(flags), tls_active, chooser(outcomes));
  receive_in_pieces(fast, input, flags);
  end(fast, flags);
  // A cut decides whether what follows STLS came in the clear, and nothing else.
  FERMO_CHECK(slow.started_tls() || slow.trace() == fast.trace());
  return 0;
}
