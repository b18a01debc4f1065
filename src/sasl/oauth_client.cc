#include "sasl/oauth_client.h"

#include <utility>

#include "sasl/gnu_sasl.h"
#include "sasl/plain.h"

namespace fermo::sasl {
namespace {

/// Separates key/value pairs in both mechanisms (RFC 7628 §3.1).
constexpr char separator = '\x01';

/// A saslname (RFC 5801 §4).
std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == '=') {
      text += "=3D";
    } else if (c == ',') {
      text += "=2C";
    } else {
      text += c;
    }
  }
  return text;
}

std::string bearer(std::string_view token) {
  return std::string("auth=Bearer ").append(token) + separator + separator;
}

std::string xoauth2_message(const ClientCredentials& credentials) {
  return "user=" + credentials.user + separator + bearer(credentials.secret.reveal());
}

/// RFC 7628 §3.1 and §4.1: the user's name goes as the authorization identity.
std::string oauthbearer_message(const ClientCredentials& credentials) {
  const std::string& name =
      credentials.authorization_identity.empty() ? credentials.user : credentials.authorization_identity;
  std::string message = "n,a=" + escaped(name) + ',' + separator;
  if (!credentials.host.empty()) message += "host=" + credentials.host + separator;
  if (credentials.port != 0) message += "port=" + std::to_string(credentials.port) + separator;
  return message + bearer(credentials.secret.reveal());
}

class OAuthClient final : public ClientMechanism {
 public:
  /// `farewell` answers the error challenge.
  OAuthClient(Secret message, std::string_view farewell) : message_(std::move(message)), farewell_(farewell) {}

  bool client_first() const override { return true; }

  Result<Secret> respond(std::string_view challenge) override {
    if (!std::exchange(responded_, true)) return message_;
    if (refused_) return Error::malformed;
    refused_ = true;
    const auto owned = decoded(challenge);
    if (!owned) return owned.error();
    refusal_ = view(*owned);
    return Secret(farewell_);
  }

  bool complete() const override { return responded_ && !refused_; }
  std::string_view refusal() const override { return refusal_; }

 private:
  Secret message_;
  std::string_view farewell_;
  bool responded_ = false;
  bool refused_ = false;
  std::string refusal_;
};

bool has_separator(std::string_view text) {
  return text.find(separator) != std::string_view::npos;
}

}  // namespace

Result<std::unique_ptr<ClientMechanism>> start_oauth_client(Mechanism mechanism, ClientCredentials credentials) {
  if (has_separator(credentials.user) || has_separator(credentials.authorization_identity) ||
      has_separator(credentials.secret.reveal())) {
    return Error::credentials_unusable;
  }
  const bool xoauth2 = mechanism == Mechanism::xoauth2;
  std::string message = xoauth2 ? xoauth2_message(credentials) : oauthbearer_message(credentials);
  Secret encoded_message = encoded(message);
  wipe(message);
  // RFC 7628 §3.2.3: a lone separator, here in base64. XOAUTH2 wants an empty line.
  const std::string_view farewell = xoauth2 ? "" : "AQ==";
  return std::make_unique<OAuthClient>(std::move(encoded_message), farewell);
}

}  // namespace fermo::sasl
