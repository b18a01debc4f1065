#include "sasl/gnu_sasl_client.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "sasl/gnu_sasl.h"
#include "sasl/plain.h"

namespace fermo::sasl {
namespace {

bool is_scram(Mechanism mechanism) {
  switch (mechanism) {
    case Mechanism::scram_sha_256_plus:
    case Mechanism::scram_sha_1_plus:
    case Mechanism::scram_sha_256:
    case Mechanism::scram_sha_1:
      return true;
    default:
      return false;
  }
}

/// The value of attribute `name` in a message of SCRAM (RFC 5802 §5.1); nothing when it is not there exactly once.
std::optional<std::string_view> attribute(std::string_view message, char name) {
  std::optional<std::string_view> value;
  while (!message.empty()) {
    const std::string_view field = message.substr(0, message.find(','));
    message.remove_prefix(std::min(field.size() + 1, message.size()));
    if (field.size() < 2 || field[0] != name || field[1] != '=') continue;
    if (value) return std::nullopt;
    value = field.substr(2);
  }
  return value;
}

bool has_acceptable_iterations(std::string_view server_first) {
  const auto text = attribute(server_first, 'i');
  if (!text) return false;
  std::uint64_t iterations = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), iterations);
  return error == std::errc() && end == text->data() + text->size() && iterations >= limits::scram_iterations_min &&
         iterations <= limits::scram_iterations_max;
}

class GnuSaslClient final : public ClientMechanism {
 public:
  GnuSaslClient(Mechanism mechanism, Library library, Session session)
      : mechanism_(mechanism), library_(std::move(library)), session_(std::move(session)) {}

  bool client_first() const override { return mechanism_ != Mechanism::cram_md5 && mechanism_ != Mechanism::login; }

  Result<Secret> respond(std::string_view challenge) override {
    const auto owned = decoded(challenge);
    if (!owned) return owned.error();
    const std::string_view message = view(*owned);
    if (message.find('\0') != std::string_view::npos) return Error::malformed;
    const unsigned turn = turn_++;
    if (is_scram(mechanism_) && turn > 0) {
      // RFC 5802 §7: server-error. What follows can only be a refusal.
      if (message.starts_with("e=")) return refused_with(message.substr(2));
      if (turn == 1 && !has_acceptable_iterations(message)) return Error::unacceptable_iterations;
    }
    return step(message);
  }

  bool complete() const override { return complete_; }
  std::string_view refusal() const override { return refusal_; }

 private:
  Result<Secret> refused_with(std::string_view reason) {
    if (!refusal_.empty()) return Error::malformed;
    refusal_ = reason;
    complete_ = false;
    return Secret();
  }

  Result<Secret> step(std::string_view message) {
    if (complete_ || !refusal_.empty()) return Error::malformed;
    char* answer = nullptr;
    std::size_t octets = 0;
    const int outcome = ::gsasl_step(session_.get(), message.data(), message.size(), &answer, &octets);
    const OwnedOctets owned(answer, WipeOctets{octets});
    if (outcome == GSASL_AUTHENTICATION_ERROR) return Error::server_not_authentic;
    if (outcome != GSASL_OK && outcome != GSASL_NEEDS_MORE) return Error::malformed;
    complete_ = outcome == GSASL_OK;
    return encoded(view(owned));
  }

  Mechanism mechanism_;
  Library library_;  ///< Its own, so that a session may move to another thread.
  Session session_;
  unsigned turn_ = 0;
  bool complete_ = false;
  std::string refusal_;
};

bool set(Gsasl_session* session, Gsasl_property property, std::string_view text) {
  return ::gsasl_property_set_raw(session, property, text.data(), text.size()) == GSASL_OK;
}

/// Only for "-PLUS": otherwise RFC 5802 §6 wants "y" ("the server seems not to have it"), but given one there, GNU
/// SASL 2.2.0 fails.
bool set_channel_binding(Gsasl_session* session, Mechanism mechanism, const ChannelBinding& binding) {
  if (!binds_channel(mechanism) || binding.type == ChannelBinding::Type::none) return true;
  const auto property =
      binding.type == ChannelBinding::Type::tls_exporter ? GSASL_CB_TLS_EXPORTER : GSASL_CB_TLS_UNIQUE;
  return set(session, property, encoded(binding.octets).reveal());
}

/// SCRAM would send an empty authorization identity, which is not the same as none (RFC 5802 §5.1); EXTERNAL wants one.
bool set_authorization_identity(Gsasl_session* session, Mechanism mechanism, std::string_view identity) {
  if (identity.empty() && mechanism != Mechanism::external) return true;
  return set(session, GSASL_AUTHZID, identity);
}

bool set_credentials(Gsasl_session* session, Mechanism mechanism, const ClientCredentials& credentials) {
  return set(session, GSASL_AUTHID, credentials.user) &&
         set_authorization_identity(session, mechanism, credentials.authorization_identity) &&
         set(session, GSASL_PASSWORD, credentials.secret.reveal()) &&
         set_channel_binding(session, mechanism, credentials.channel_binding);
}

/// What SCRAM and CRAM-MD5 hash is prepared first (RFC 5802 §2.2).
bool can_carry(Mechanism mechanism, const ClientCredentials& credentials) {
  if (!is_scram(mechanism) && mechanism != Mechanism::cram_md5) return true;
  return can_be_prepared(credentials.user) && can_be_prepared(credentials.secret.reveal()) &&
         can_be_prepared(credentials.authorization_identity);
}

}  // namespace

Result<std::unique_ptr<ClientMechanism>> start_gnu_sasl_client(Mechanism mechanism,
                                                               const ClientCredentials& credentials) {
  if (!can_carry(mechanism, credentials)) return Error::credentials_unusable;
  Library library = open_library();
  Gsasl_session* started = nullptr;
  const std::string name(name_of(mechanism));
  if (!library || ::gsasl_client_start(library.get(), name.c_str(), &started) != GSASL_OK) return Error::unavailable;
  Session session(started);
  if (!set_credentials(started, mechanism, credentials)) return Error::unavailable;
  return std::make_unique<GnuSaslClient>(mechanism, std::move(library), std::move(session));
}

}  // namespace fermo::sasl
