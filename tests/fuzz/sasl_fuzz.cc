#include <gsasl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/limits.h"
#include "sasl/apop.h"
#include "sasl/client_mechanism.h"
#include "sasl/plain.h"

/// What a stranger sends in an authentication exchange: the message of PLAIN to the server, challenges to each
/// mechanism of the client, the names of mechanisms, the timestamp of APOP.
///
/// The input: one octet that says in its low four bits which, and in the others as whom; then the messages, one in a
/// line. A line that begins with "%" is not in base64 yet, and has "%" where the nonce of a client of SCRAM comes: none
/// could guess that, and without it a server gets no further than its first message.
namespace {

using namespace fermo;
using sasl::Mechanism;

constexpr std::array mechanisms = {Mechanism::scram_sha_256_plus,
                                   Mechanism::scram_sha_1_plus,
                                   Mechanism::scram_sha_256,
                                   Mechanism::scram_sha_1,
                                   Mechanism::cram_md5,
                                   Mechanism::plain,
                                   Mechanism::login,
                                   Mechanism::xoauth2,
                                   Mechanism::oauthbearer,
                                   Mechanism::external};
constexpr unsigned challenges_max = 8;

bool is_base64(std::string_view text) {
  return text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") == text.npos;
}

using OwnedText = std::unique_ptr<char, decltype(&::gsasl_free)>;

std::string to_base64(std::string_view octets) {
  char* out = nullptr;
  std::size_t size = 0;
  FERMO_CHECK(::gsasl_base64_to(octets.data(), octets.size(), &out, &size) == GSASL_OK);
  return {OwnedText(out, &::gsasl_free).get(), size};
}

std::string from_base64(std::string_view text) {
  char* out = nullptr;
  std::size_t size = 0;
  FERMO_CHECK(::gsasl_base64_from(text.data(), text.size(), &out, &size) == GSASL_OK);
  return {OwnedText(out, &::gsasl_free).get(), size};
}

// --- The server's side, names, APOP ----------------------------------------------------------------------------------

void check_plain(std::string_view message) {
  const auto login = sasl::read_plain_response(message);
  if (!login) return FERMO_CHECK(!login.error().message().empty());
  FERMO_CHECK(!login->authentication_identity.empty() && !login->password.reveal().empty());
  for (const std::string_view part : {std::string_view(login->authentication_identity),
                                      std::string_view(login->authorization_identity), login->password.reveal()}) {
    FERMO_CHECK(part.find('\0') == part.npos);
  }
}

void check_name(std::string_view name) {
  const auto mechanism = sasl::mechanism_named(name);
  if (!mechanism) return;
  FERMO_CHECK(sasl::name_of(*mechanism).size() == name.size());
  FERMO_CHECK(sasl::reveals_secret(*mechanism) || !sasl::takes_token(*mechanism));
  FERMO_CHECK(sasl::binds_channel(*mechanism) == sasl::name_of(*mechanism).ends_with("-PLUS"));
}

void check_apop(std::string_view greeting) {
  const auto timestamp = sasl::apop_timestamp(greeting);
  if (!timestamp) return;
  FERMO_CHECK(timestamp->size() >= 5 && timestamp->starts_with('<') && timestamp->ends_with('>'));
  for (const char c : *timestamp) FERMO_CHECK(c > ' ' && c < '\x7f');
  const auto digest = sasl::apop_digest(*timestamp, Secret("tanstaaf"));
  FERMO_CHECK(digest && digest->size() == 32 && digest->find_first_not_of("0123456789abcdef") == digest->npos);
}

// --- The client's side -----------------------------------------------------------------------------------------------

sasl::ClientCredentials credentials_of(unsigned who) {
  sasl::ClientCredentials credentials;
  credentials.user = "ann";
  credentials.secret = Secret("correct horse");
  credentials.channel_binding = {sasl::ChannelBinding::Type::tls_exporter, std::string(32, 'b')};
  credentials.host = "pop.example.test";
  credentials.port = 995;
  switch (who) {
    case 1:
      credentials.user = "a=b,c";
      break;
    case 2:
      credentials.user = std::string("a\0b", 3);
      break;
    case 3:
      credentials.secret = Secret("to\x01ken");
      break;
    case 4:
      credentials.user = "j\xc3\xbcrgen";
      credentials.secret = Secret("p\xc3\xa4ss");
      break;
    case 5:
      credentials.secret = Secret("\xff");
      break;
    case 6:
      credentials.channel_binding.type = sasl::ChannelBinding::Type::tls_unique;
      break;
    case 7:
      credentials.authorization_identity = "boss";
      credentials.host.clear();
      credentials.port = 0;
      break;
    default:
      break;
  }
  return credentials;
}

/// Whoever cannot have the password must not be believed where the mechanism wants it proven (RFC 5802 §3).
bool wants_proof(Mechanism mechanism) {
  return sasl::name_of(mechanism).starts_with("SCRAM-");
}

/// The nonce in the first message of a client (RFC 5802 §5.1).
std::string nonce_in(std::string_view first_message) {
  const std::string message = from_base64(first_message);
  const auto at = message.find(",r=");
  return at == message.npos ? std::string() : message.substr(at + 3);
}

/// A million iterations take half a second, and show no more than the fewest that are allowed.
bool takes_long(std::string_view message) {
  for (auto at = message.find("i="); at != message.npos; at = message.find("i=", at + 1)) {
    std::uint64_t iterations = 0;
    std::from_chars(message.data() + at + 2, message.data() + message.size(), iterations);
    if (iterations > limits::scram_iterations_min && iterations <= limits::scram_iterations_max) return true;
  }
  return false;
}

std::string challenge_of(std::string_view line, std::string_view nonce) {
  if (!line.starts_with('%')) return std::string(line);
  std::string message;
  for (const char c : line.substr(1)) c == '%' ? message += nonce : message += c;
  return takes_long(message) ? std::string() : to_base64(message);
}

void check_client(Mechanism mechanism, unsigned who, std::string_view lines) {
  auto client = sasl::start_client_mechanism(mechanism, credentials_of(who));
  if (!client) return FERMO_CHECK(!client.error().message().empty() && who != 0);
  std::string nonce;
  if ((*client)->client_first()) {
    const auto first = (*client)->respond({});
    if (!first) return FERMO_CHECK(who != 0);
    if (wants_proof(mechanism)) nonce = nonce_in(first->reveal());
  }
  std::size_t received = 0;
  for (unsigned n = 0; n < challenges_max && !lines.empty(); ++n) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    const std::string challenge = challenge_of(line, nonce);
    received += challenge.size();
    const auto response = (*client)->respond(challenge);
    FERMO_CHECK((*client)->refusal().size() <= received);
    if (!response) {
      FERMO_CHECK(!response.error().message().empty());
      break;
    }
    FERMO_CHECK(is_base64(response->reveal()));
  }
  const bool complete = (*client)->complete();
  FERMO_CHECK(!complete || !wants_proof(mechanism));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const unsigned which = data[0] & 0x0FU;
  if (which < mechanisms.size()) {
    check_client(mechanisms.at(which), data[0] >> 4U, text);
  } else if (which == mechanisms.size()) {
    check_plain(text);
  } else if (which == mechanisms.size() + 1) {
    check_name(text);
  } else {
    check_apop(text);
  }
  return 0;
}
