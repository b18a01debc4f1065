#include <algorithm>
#include <utility>

#include "base/check.h"
#include "pop3/client_core.h"
#include "pop3/client_login_methods.h"
#include "sasl/apop.h"
#include "sasl/plain.h"

/// From the greeting to the login (RFC 1939 §4): TLS, what the server can do, and one login.
namespace fermo::pop3::client {
namespace {

/// RFC 5034 §4: a line with an initial response must fit the limit of RFC 2449 §4, its line end included.
constexpr std::size_t auth_line_octets_max = 255 - 2;

bool fits_a_line(std::string_view argument) {
  return !argument.empty() && argument.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

bool binds_channel(const LoginMethod& method) {
  const auto* const mechanism = std::get_if<sasl::Mechanism>(&method);
  return mechanism != nullptr && sasl::binds_channel(*mechanism);
}

}  // namespace

// --- Greeting and TLS ------------------------------------------------------------------------------------------------

void Core::take_greeting(const Reply& reply) {
  if (reply.kind == Reply::Kind::err) return close(End::turned_away, &reply);
  greeting_ = cleaned(reply.text);
  if (const auto timestamp = sasl::apop_timestamp(reply.text)) apop_timestamp_ = *timestamp;
  end_exchange();
  settings_.tls == Tls::stls ? ask_capabilities() : begin_authorization();
}

void Core::take_stls(const Reply& reply) {
  if (reply.kind == Reply::Kind::err) return close(End::stls_refused, &reply);
  // RFC 2595 §4: the handshake follows at once, so what is here was put in by somebody else.
  if (!splitter_.empty()) return close(End::injected, "octets in the clear after the reply to STLS");
  end_exchange();
  push(StartTls{});
}

void Core::answer(const TlsStarted& outcome) {
  FERMO_CHECK(tls_awaited_);
  tls_awaited_ = false;
  if (!outcome.ok) return close(End::tls_failed);
  tls_active_ = true;
  settings_.channel_binding = outcome.channel_binding;
  // RFC 2595 §4: nothing that was learnt in the clear is kept.
  greeting_.clear();
  apop_timestamp_.clear();
  capabilities_ = {};
  begin_authorization();
}

/// TLS is active by now if it ever will be.
void Core::begin_authorization() {
  if (!tls_active_ || !settings_.remembered_capabilities) return ask_capabilities();
  capabilities_ = *settings_.remembered_capabilities;
  ask_for_utf8();
}

// --- Capabilities ----------------------------------------------------------------------------------------------------

void Core::ask_capabilities() {
  asked_capabilities_ = {};
  capability_lines_ = 0;
  send_command("CAPA", &Core::take_capa);
}

void Core::take_capa(const Reply& reply) {
  if (reply.kind == Reply::Kind::err) return capabilities_known();
  asked_capabilities_.known = true;
  input_ = Input::capabilities;
}

void Core::take_capability_line(std::string_view line) {
  if (line == ".") return capabilities_known();
  if (++capability_lines_ > limits::client_capability_lines_max) return violate("the answer to CAPA has no end");
  asked_capabilities_.take_line(line);
}

/// Or known to be unknown.
void Core::capabilities_known() {
  end_exchange();
  const bool known = asked_capabilities_.known;
  // Servers that know CAPA only before login can still do after it what they said there.
  if (known || !authenticated_) capabilities_ = std::move(asked_capabilities_);
  if (authenticated_ && rewrites_unasked()) return close(End::remembered_outdated);
  if (authenticated_) return push_ready();
  if (settings_.tls != Tls::stls || tls_active_) return ask_for_utf8();
  if (known && !capabilities_.stls) return close(End::stls_not_offered);
  // Unless somebody took it out of the answer, it was still the server that did not want TLS; either way nothing else
  // leaves.
  send_command("STLS", &Core::take_stls);
}

/// RFC 6856 §2.1: only to a client that said it are messages with such header fields given as they are. From Courier
/// the others get a notice in their place, and would delete the message for it.
void Core::ask_for_utf8() {
  capabilities_.utf8 ? send_command("UTF8", &Core::take_utf8) : begin_login();
}

/// The server has been brought up to date since its capabilities were remembered (RFC 6856 §2.1: CAPA tells of UTF8
/// after the login too).
bool Core::rewrites_unasked() const {
  return settings_.remembered_capabilities && !settings_.remembered_capabilities->utf8 && tls_active_ &&
         capabilities_.utf8;
}

void Core::take_utf8(const Reply&) {
  end_exchange();
  begin_login();
}

// --- The login -------------------------------------------------------------------------------------------------------

void Core::begin_login() {
  methods_ = login_methods(settings_, capabilities_,
                           {.tls_active = tls_active_,
                            .apop_possible = !apop_timestamp_.empty(),
                            .channel_binding = settings_.channel_binding.type != sasl::ChannelBinding::Type::none});
  std::ranges::reverse(methods_);
  try_next_method();
}

void Core::try_next_method() {
  while (!methods_.empty()) {
    method_ = methods_.back();
    methods_.pop_back();
    if (try_method(*method_)) return;
    credentials_failed_ = true;
  }
  close(credentials_failed_ ? End::credentials_unusable : End::no_login_method);
}

/// False when the method cannot carry these credentials; nothing has been sent then.
bool Core::try_method(const LoginMethod& method) {
  if (const auto* mechanism = std::get_if<sasl::Mechanism>(&method)) return begin_sasl(*mechanism);
  return std::holds_alternative<UserPass>(method) ? begin_user() : begin_apop();
}

bool Core::begin_user() {
  if (!fits_a_line(settings_.user) || !fits_a_line(settings_.secret.reveal())) return false;
  send_command("USER " + settings_.user, &Core::take_user);
  return true;
}

void Core::take_user(const Reply& reply) {
  if (reply.kind == Reply::Kind::err) return close(End::login_refused, &reply);
  end_exchange();
  std::string line("PASS ");
  line.reserve(line.size() + settings_.secret.reveal().size() + 2);
  line += settings_.secret.reveal();
  send_command(std::move(line), &Core::take_pass, true);
}

bool Core::begin_apop() {
  if (!fits_a_line(settings_.user) || settings_.secret.reveal().empty()) return false;
  const auto digest = sasl::apop_digest(apop_timestamp_, settings_.secret);
  if (!digest) return false;
  send_command("APOP " + settings_.user + ' ' + *digest, &Core::take_pass, true);
  return true;
}

void Core::take_pass(const Reply& reply) {
  if (reply.kind == Reply::Kind::err) return close(End::login_refused, &reply);
  logged_in();
}

// --- SASL ------------------------------------------------------------------------------------------------------------

bool Core::begin_sasl(sasl::Mechanism mechanism) {
  auto started = sasl::start_client_mechanism(mechanism, {.user = settings_.user,
                                                          .authorization_identity = settings_.authorization_identity,
                                                          .secret = settings_.secret,
                                                          .channel_binding = settings_.channel_binding,
                                                          .host = settings_.host,
                                                          .port = settings_.port});
  if (!started) return false;
  mechanism_ = std::move(*started);
  initial_response_.reset();
  initial_response_sent_ = false;
  challenges_ = 0;
  if (mechanism_->client_first()) {
    auto response = mechanism_->respond({});
    if (!response) return false;
    initial_response_ = std::move(*response);
  }
  std::string line = auth_line(mechanism);
  send_command(std::move(line), &Core::take_auth, initial_response_sent_);
  return true;
}

/// With the initial response where there is one and it fits; otherwise it waits for the empty challenge.
std::string Core::auth_line(sasl::Mechanism mechanism) {
  std::string line = "AUTH ";
  line += sasl::name_of(mechanism);
  // Microsoft refuses XOAUTH2 with an initial response.
  if (!initial_response_ || mechanism == sasl::Mechanism::xoauth2) return line;
  // RFC 5034 §4: an empty one is written "=".
  const std::string_view response = initial_response_->reveal().empty() ? "=" : initial_response_->reveal();
  const std::size_t octets = line.size() + 1 + response.size();
  if (octets > auth_line_octets_max) return line;
  line.reserve(octets + 2);
  line.append(" ").append(response);
  initial_response_sent_ = true;
  return line;
}

void Core::take_auth(const Reply& reply) {
  switch (reply.kind) {
    case Reply::Kind::challenge:
      return take_challenge(reply);
    case Reply::Kind::err:
      return refuse_auth(reply);
    case Reply::Kind::ok:
      break;
  }
  if (initial_response_ && !initial_response_sent_) return violate("+OK to AUTH before any credentials");
  if (!mechanism_->complete()) return close(End::server_not_authentic, &reply);
  logged_in();
}

void Core::take_challenge(const Reply& reply) {
  if (++challenges_ > limits::client_challenges_max) return violate("too many challenges");
  // The empty challenge asks for the initial response (RFC 5034 §4), where it was sent already too: such a server does
  // not know initial responses.
  if (initial_response_ && (!initial_response_sent_ || reply.text.empty())) {
    const Secret response = *std::exchange(initial_response_, std::nullopt);
    return respond(response);
  }
  initial_response_.reset();
  const auto response = mechanism_->respond(reply.text);
  if (response) return respond(*response);
  const bool false_server = response.error() == sasl::Error::server_not_authentic;
  close(false_server ? End::server_not_authentic : End::protocol_violation, response.error().message());
}

void Core::respond(const Secret& response) {
  if (!splitter_.empty()) return refuse_unsolicited();
  std::string line;
  line.reserve(response.reveal().size() + 2);
  line.append(response.reveal()).append("\r\n");
  push(Send{.octets = std::move(line), .secret = true});
}

/// Servers do not agree on what is bound to (RFC 9266): Cyrus announces "-PLUS" and means tls-unique, under TLS 1.3
/// too, where it is not defined. It refuses at the end, with the code for a wrong password. The same proof once more
/// without a binding gives nothing away, so it is tried, and what failed is not remembered among the capabilities.
bool Core::binding_refused() {
  if (!binds_channel(*method_) || mechanism_->complete()) return false;
  std::erase_if(methods_, &binds_channel);
  std::erase_if(capabilities_.sasl, [](const std::string& name) { return name.ends_with("-PLUS"); });
  const auto* const next = methods_.empty() ? nullptr : std::get_if<sasl::Mechanism>(&methods_.back());
  return next != nullptr && (*next == sasl::Mechanism::scram_sha_256 || *next == sasl::Mechanism::scram_sha_1);
}

/// A mechanism that is refused before anything of the credentials has left is not there, whatever was announced.
void Core::refuse_auth(const Reply& reply) {
  const bool credentials_sent = initial_response_ ? initial_response_sent_ : challenges_ > 0;
  const bool meaningless = reply.code == ResponseCode::none || reply.code == ResponseCode::other;
  const bool another = !credentials_sent && meaningless && !methods_.empty();
  const bool about_credentials = meaningless || reply.code == ResponseCode::auth;
  if (another || (about_credentials && binding_refused())) {
    end_exchange();
    return try_next_method();
  }
  close(Close{.end = End::login_refused,
              .code = reply.code,
              .text = cleaned(reply.text),
              .sasl_error = cleaned(mechanism_->refusal())});
}

void Core::logged_in() {
  end_exchange();
  authenticated_ = true;
  mechanism_.reset();
  initial_response_.reset();
  settings_.secret = Secret();
  capabilities_before_login_ = capabilities_;
  if (!capabilities_.known) return push_ready();
  ask_capabilities();
}

void Core::push_ready() {
  push(Ready{.capabilities = capabilities_,
             .capabilities_before_login = std::move(capabilities_before_login_),
             .greeting = std::move(greeting_),
             .method = *method_});
}

}  // namespace fermo::pop3::client
