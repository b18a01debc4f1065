#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "base/check.h"
#include "sasl/client_mechanism.h"
#include "sasl/plain.h"

/// What a stranger sends in an authentication exchange: the message of PLAIN to the server, or challenges to each
/// mechanism of the client. The input: one octet that says which, then the messages, one in a line.
namespace {

using namespace fermo;
using sasl::Mechanism;

constexpr Mechanism mechanisms[] = {Mechanism::scram_sha_256_plus,
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

void check_plain(std::string_view message) {
  const auto login = sasl::read_plain_response(message);
  if (!login) return;
  FERMO_CHECK(!login->authentication_identity.empty() && !login->password.reveal().empty());
  for (const std::string_view part : {std::string_view(login->authentication_identity),
                                      std::string_view(login->authorization_identity), login->password.reveal()}) {
    FERMO_CHECK(part.find('\0') == part.npos);
  }
}

sasl::ClientCredentials credentials() {
  sasl::ClientCredentials credentials;
  credentials.user = "ann";
  credentials.secret = Secret("correct horse");
  credentials.channel_binding = {sasl::ChannelBinding::Type::tls_exporter, std::string(32, 'b')};
  credentials.host = "pop.example.test";
  credentials.port = 995;
  return credentials;
}

/// Whoever cannot have the password must not be believed where the mechanism wants it proven (RFC 5802 §3).
bool wants_proof(Mechanism mechanism) {
  return sasl::name_of(mechanism).starts_with("SCRAM-");
}

void check_client(Mechanism mechanism, std::string_view challenges) {
  auto client = sasl::start_client_mechanism(mechanism, credentials());
  FERMO_CHECK(client.has_value());
  if ((*client)->client_first()) FERMO_CHECK((*client)->respond({}).has_value());
  for (unsigned n = 0; n < challenges_max && !challenges.empty(); ++n) {
    const std::string_view challenge = challenges.substr(0, challenges.find('\n'));
    challenges.remove_prefix(std::min(challenges.size(), challenge.size() + 1));
    const auto response = (*client)->respond(challenge);
    if (!response) break;
    FERMO_CHECK(is_base64(response->reveal()));
  }
  FERMO_CHECK(!wants_proof(mechanism) || !(*client)->complete());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t which = data[0] % (std::size(mechanisms) + 1);
  which == 0 ? check_plain(text) : check_client(mechanisms[which - 1], text);
  return 0;
}
