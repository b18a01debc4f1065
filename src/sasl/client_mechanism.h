#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace fermo::sasl {

/// The mechanisms whose client half is here.
enum class Mechanism {
  scram_sha_256_plus,
  scram_sha_1_plus,
  scram_sha_256,
  scram_sha_1,
  cram_md5,
  plain,
  login,
  xoauth2,
  oauthbearer,
  external,
};

/// As it stands after AUTH: "SCRAM-SHA-256".
std::string_view name_of(Mechanism mechanism);
/// Without regard to case; nothing when it is not one of ours.
std::optional<Mechanism> mechanism_named(std::string_view name);

/// Whoever can read the line can log in: the password itself or a bearer token.
bool reveals_secret(Mechanism mechanism);
/// The secret is a token (RFC 6750), not a password.
bool takes_token(Mechanism mechanism);
/// Its name ends in "-PLUS": it needs a ChannelBinding (RFC 5802 §6).
bool binds_channel(Mechanism mechanism);

/// What ties a login to the TLS connection that it runs in, so that it cannot be relayed.
struct ChannelBinding {
  enum class Type {
    none,
    tls_exporter,  ///< RFC 9266: TLS 1.3, and TLS 1.2 with the extended master secret.
    tls_unique,    ///< RFC 5929 §3: TLS 1.2 only.
  };
  Type type = Type::none;
  std::string octets;
};

/// What a client logs in with.
struct ClientCredentials {
  std::string user;
  std::string authorization_identity;  ///< Whose maildrop is wanted; empty: the user's own.
  Secret secret;                       ///< Password or token; unused by EXTERNAL.
  ChannelBinding channel_binding;      ///< Used by "-PLUS" only, which is not possible without.
  std::string host;                    ///< The server's name and port as the user gave them (RFC 7628 §3.1).
  std::uint16_t port = 0;
};

/// The client's half of one authentication exchange, everything base64 as it stands on the wire. Not thread-safe.
class ClientMechanism {
 public:
  ClientMechanism() = default;
  virtual ~ClientMechanism() = default;
  ClientMechanism(const ClientMechanism&) = delete;
  ClientMechanism& operator=(const ClientMechanism&) = delete;

  /// The client speaks first, so that its first message may go as an initial response (RFC 4422 §3.3). It is got by
  /// respond() with an empty challenge.
  virtual bool client_first() const = 0;
  /// The answer to a challenge; may be empty. Errors (sasl/plain.h): `malformed`, `unacceptable_iterations`,
  /// `server_not_authentic`. After an error the exchange is over.
  virtual Result<Secret> respond(std::string_view challenge) = 0;
  /// The server has proven all that the mechanism wants proven: only now may its success be believed.
  virtual bool complete() const = 0;
  /// What the server said about why it refuses, decoded and otherwise as it came (XOAUTH2, OAUTHBEARER); empty when
  /// nothing.
  virtual std::string_view refusal() const { return {}; }
};

/// Begins an exchange. Errors: `credentials_unusable` (a NUL, or what SASLprep forbids), `unavailable`.
Result<std::unique_ptr<ClientMechanism>> start_client_mechanism(Mechanism mechanism, ClientCredentials credentials);

}  // namespace fermo::sasl
