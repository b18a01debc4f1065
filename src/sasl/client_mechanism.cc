#include "sasl/client_mechanism.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "sasl/gnu_sasl_client.h"
#include "sasl/oauth_client.h"
#include "sasl/plain.h"

namespace fermo::sasl {
namespace {

struct Named {
  Mechanism mechanism;
  std::string_view name;
};
constexpr std::array mechanisms = {
    Named{Mechanism::scram_sha_256_plus, "SCRAM-SHA-256-PLUS"},
    Named{Mechanism::scram_sha_1_plus, "SCRAM-SHA-1-PLUS"},
    Named{Mechanism::scram_sha_256, "SCRAM-SHA-256"},
    Named{Mechanism::scram_sha_1, "SCRAM-SHA-1"},
    Named{Mechanism::cram_md5, "CRAM-MD5"},
    Named{Mechanism::plain, "PLAIN"},
    Named{Mechanism::login, "LOGIN"},
    Named{Mechanism::xoauth2, "XOAUTH2"},
    Named{Mechanism::oauthbearer, "OAUTHBEARER"},
    Named{Mechanism::external, "EXTERNAL"},
};

constexpr char to_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

}  // namespace

std::string_view name_of(Mechanism mechanism) {
  const auto found = std::ranges::find(mechanisms, mechanism, &Named::mechanism);
  FERMO_CHECK(found != mechanisms.end());
  return found->name;
}

std::optional<Mechanism> mechanism_named(std::string_view name) {
  const auto same = [name](const Named& named) { return std::ranges::equal(named.name, name, {}, {}, to_upper); };
  const auto found = std::ranges::find_if(mechanisms, same);
  if (found == mechanisms.end()) return std::nullopt;
  return found->mechanism;
}

bool reveals_secret(Mechanism mechanism) {
  return mechanism == Mechanism::plain || mechanism == Mechanism::login || takes_token(mechanism);
}

bool takes_token(Mechanism mechanism) {
  return mechanism == Mechanism::xoauth2 || mechanism == Mechanism::oauthbearer;
}

bool binds_channel(Mechanism mechanism) {
  return mechanism == Mechanism::scram_sha_256_plus || mechanism == Mechanism::scram_sha_1_plus;
}

Result<std::unique_ptr<ClientMechanism>> start_client_mechanism(Mechanism mechanism, ClientCredentials credentials) {
  // A NUL ends a field of PLAIN, and everything in GNU SASL.
  if (has_nul(credentials.user) || has_nul(credentials.authorization_identity) ||
      has_nul(credentials.secret.reveal())) {
    return Error::credentials_unusable;
  }
  if (takes_token(mechanism)) return start_oauth_client(mechanism, std::move(credentials));
  return start_gnu_sasl_client(mechanism, credentials);
}

}  // namespace fermo::sasl
