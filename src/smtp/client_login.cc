#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "smtp/client_core.h"

/// From the greeting to the login: EHLO or LHLO, STARTTLS (RFC 3207), AUTH (RFC 4954).
namespace fermo::smtp::client {
namespace {

using sasl::Mechanism;

/// The best last. Without TLS there is no login at all, so what reveals the password may stand among them.
constexpr std::array mechanisms_with_password{
    Mechanism::cram_md5,          Mechanism::login,         Mechanism::plain,
    Mechanism::scram_sha_1,       Mechanism::scram_sha_256, Mechanism::scram_sha_1_plus,
    Mechanism::scram_sha_256_plus};
constexpr std::array mechanisms_with_token{Mechanism::xoauth2, Mechanism::oauthbearer};

}  // namespace

void ClientSession::Core::take_greeting(const Reply& reply) {
  reply.good() ? say_hello() : close(End::turned_away, reply);
}

void ClientSession::Core::say_hello() {
  extensions_coming_.emplace();
  command((settings_.protocol == Protocol::lmtp ? "LHLO " : "EHLO ") + settings_.own_name, &Core::take_hello);
}

void ClientSession::Core::take_hello(const Reply& reply) {
  extensions_ = *std::exchange(extensions_coming_, std::nullopt);
  const bool secured = tls_active_ || settings_.tls == Tls::none;
  if (!reply.good()) {
    // RFC 5321 §3.2: a server that does not know EHLO. It has neither STARTTLS nor AUTH.
    const bool plain = settings_.protocol == Protocol::smtp && reply.code >= 500 && secured && !settings_.login;
    return plain ? command("HELO " + settings_.own_name, &Core::take_helo) : close(End::turned_away, reply);
  }
  if (secured) return begin_login();
  extensions_.starttls ? command("STARTTLS", &Core::take_starttls) : close(End::starttls_not_offered);
}

void ClientSession::Core::take_helo(const Reply& reply) {
  extensions_ = {};
  reply.good() ? ready() : close(End::turned_away, reply);
}

void ClientSession::Core::take_starttls(const Reply& reply) {
  if (!reply.good()) return close(End::starttls_refused, reply);
  // RFC 3207 §6: the handshake follows at once, so what is here was put in by somebody else.
  if (!splitter_.empty()) return close(End::injected);
  tls_awaited_ = true;
  push(StartTls{});
}

void ClientSession::Core::answer(const TlsStarted& outcome) {
  FERMO_CHECK(tls_awaited_);
  tls_awaited_ = false;
  if (!outcome.ok) return close(End::tls_failed);
  tls_active_ = true;
  settings_.channel_binding = outcome.channel_binding;
  say_hello();  // RFC 3207 §4.2: nothing that was learnt in the clear is kept
}

// --- AUTH ------------------------------------------------------------------------------------------------------------

void ClientSession::Core::begin_login() {
  if (!settings_.login) return ready();
  const auto offer = [this](Mechanism mechanism) {
    const bool bound = settings_.channel_binding.type != sasl::ChannelBinding::Type::none;
    const bool announced = std::ranges::find(extensions_.auth, sasl::name_of(mechanism)) != extensions_.auth.end();
    if (announced && tls_active_ && (bound || !sasl::binds_channel(mechanism))) mechanisms_.push_back(mechanism);
  };
  settings_.login->token ? std::ranges::for_each(mechanisms_with_token, offer)
                         : std::ranges::for_each(mechanisms_with_password, offer);
  while (!mechanisms_.empty()) {
    const Mechanism best = mechanisms_.back();
    mechanisms_.pop_back();
    if (begin_auth(best)) return;
  }
  close(End::no_login_method);
}

/// False when the mechanism cannot carry these credentials; nothing has been sent then.
bool ClientSession::Core::begin_auth(Mechanism mechanism) {
  auto started = sasl::start_client_mechanism(mechanism, {.user = settings_.login->user,
                                                          .authorization_identity = {},
                                                          .secret = settings_.login->secret,
                                                          .channel_binding = settings_.channel_binding,
                                                          .host = settings_.host,
                                                          .port = settings_.port});
  if (!started) return false;
  mechanism_ = std::move(*started);
  challenges_ = 0;
  initial_response_.reset();
  if (mechanism_->client_first()) {
    auto response = mechanism_->respond({});
    if (!response) return false;
    initial_response_ = std::move(*response);
  }
  // The initial response waits for the empty challenge: tokens would make the line too long (RFC 4954 §4).
  command("AUTH " + std::string(sasl::name_of(mechanism)), &Core::take_auth);
  return true;
}

void ClientSession::Core::take_auth(const Reply& reply) {
  if (reply.goes_on()) return respond(reply);
  if (!reply.good()) return close(End::login_refused, reply);
  if (initial_response_ || !mechanism_->complete()) return violate("AUTH succeeded before the server proved anything");
  mechanism_.reset();
  settings_.login->secret = Secret();
  ready();
}

void ClientSession::Core::respond(const Reply& challenge) {
  if (++challenges_ > limits::client_challenges_max) return violate("too many challenges");
  if (initial_response_) {
    const Secret first = *std::exchange(initial_response_, std::nullopt);
    return command(std::string(first.reveal()), &Core::take_auth, true);
  }
  const auto response = mechanism_->respond(challenge.text);
  if (!response) return violate("a challenge makes no sense: " + response.error().message());
  command(std::string(response->reveal()), &Core::take_auth, true);
}

}  // namespace fermo::smtp::client
