#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "imap/append_core.h"
#include "mail/shown_text.h"

/// From the greeting to the open folder: CAPABILITY, STARTTLS, AUTHENTICATE or LOGIN, EXAMINE (RFC 3501 §6).
namespace fermo::imap {
namespace {

using Kind = Status::Kind;
using sasl::Mechanism;

/// The best first.
constexpr std::array mechanisms_with_password{Mechanism::scram_sha_256_plus,
                                              Mechanism::scram_sha_1_plus,
                                              Mechanism::scram_sha_256,
                                              Mechanism::scram_sha_1,
                                              Mechanism::plain,
                                              Mechanism::login};
constexpr std::array mechanisms_with_token{Mechanism::oauthbearer, Mechanism::xoauth2};

}  // namespace

void AppendSession::Core::take_greeting(std::string_view text) {
  const auto status = parse_status(text);
  if (!status || status->kind == Kind::no || status->kind == Kind::bad) {
    return violate("not a greeting: " + mail::shown_text(text, limits::client_text_octets_max));
  }
  greeted_ = true;
  if (status->kind == Kind::bye) return close(End::turned_away, *status);
  // A login that nobody made is somebody else's: it would keep STARTTLS away, and the mail would go who knows where.
  if (status->kind == Kind::preauth) return close(End::injected, *status);
  ask_capabilities();
}

void AppendSession::Core::take_capabilities(std::string_view text) {
  capabilities_ = words_of(text);
}

bool AppendSession::Core::can(std::string_view capability) const {
  return std::ranges::find(capabilities_, capability) != capabilities_.end();
}

void AppendSession::Core::ask_capabilities() {
  capabilities_.clear();
  command("CAPABILITY", &Core::capabilities_known);
}

void AppendSession::Core::capabilities_known(const Status& status) {
  if (status.kind != Kind::ok) return violate("the answer to CAPABILITY: " + status.text);
  if (tls_active_) return begin_login();
  can("STARTTLS") ? command("STARTTLS", &Core::take_starttls) : close(End::starttls_not_offered);
}

void AppendSession::Core::take_starttls(const Status& status) {
  if (status.kind != Kind::ok) return close(End::starttls_refused, status);
  // RFC 3501 §6.2.1: the handshake follows at once, so what is here was put in by somebody else (CVE-2021-33515).
  if (!splitter_.empty()) return close(End::injected);
  tls_awaited_ = true;
  push(StartTls{});
}

void AppendSession::Core::answer(const TlsStarted& outcome) {
  FERMO_CHECK(tls_awaited_);
  tls_awaited_ = false;
  if (!outcome.ok) return close(End::tls_failed);
  tls_active_ = true;
  settings_.channel_binding = outcome.channel_binding;
  ask_capabilities();  // nothing that was learnt in the clear is kept
}

// --- The login -------------------------------------------------------------------------------------------------------

void AppendSession::Core::begin_login() {
  const bool bound = settings_.channel_binding.type != sasl::ChannelBinding::Type::none;
  const auto begin = [&](Mechanism mechanism) {
    const bool possible =
        can("AUTH=" + std::string(sasl::name_of(mechanism))) && (bound || !sasl::binds_channel(mechanism));
    return possible && begin_authenticate(mechanism);
  };
  const bool begun = settings_.token ? std::ranges::any_of(mechanisms_with_token, begin)
                                     : std::ranges::any_of(mechanisms_with_password, begin);
  if (begun) return;
  const bool quotable = is_quotable(settings_.user) && is_quotable(settings_.secret.reveal());
  if (settings_.token || can("LOGINDISABLED") || !quotable) return close(End::no_login_method);
  command("LOGIN " + quoted(settings_.user) + " " + quoted(settings_.secret.reveal()), &Core::take_login, true);
}

/// False when the mechanism cannot carry these credentials; nothing has been sent then.
bool AppendSession::Core::begin_authenticate(Mechanism mechanism) {
  auto started = sasl::start_client_mechanism(mechanism, {.user = settings_.user,
                                                          .authorization_identity = {},
                                                          .secret = settings_.secret,
                                                          .channel_binding = settings_.channel_binding,
                                                          .host = settings_.host,
                                                          .port = settings_.port});
  if (!started) return false;
  initial_response_.reset();
  if ((*started)->client_first()) {
    auto response = (*started)->respond({});
    if (!response) return false;
    initial_response_ = std::move(*response);
  }
  mechanism_ = std::move(*started);
  command("AUTHENTICATE " + std::string(sasl::name_of(mechanism)), &Core::take_login);
  return true;
}

void AppendSession::Core::respond(std::string_view challenge) {
  if (++challenges_ > limits::client_challenges_max) return violate("too many challenges");
  std::optional<Secret> response = std::exchange(initial_response_, std::nullopt);
  if (!response) {
    auto made = mechanism_->respond(challenge);
    if (!made) return violate("a challenge makes no sense: " + made.error().message());
    response = std::move(*made);
  }
  push(Send{std::string(response->reveal()) + "\r\n", true});
}

void AppendSession::Core::take_login(const Status& status) {
  if (status.kind != Kind::ok) return close(End::login_refused, status);
  if (mechanism_ && (initial_response_ || !mechanism_->complete())) {
    return violate("the login succeeded before the server proved anything");
  }
  mechanism_.reset();
  settings_.secret = Secret();
  open_folder();
}

// --- The folder ------------------------------------------------------------------------------------------------------

void AppendSession::Core::open_folder() {
  command("EXAMINE " + folder_, &Core::take_opened);
}

void AppendSession::Core::take_opened(const Status& status) {
  if (status.kind == Kind::ok) {
    idle_ = true;
  } else if (created_) {
    close(End::no_folder, status);
  } else {
    created_ = true;
    command("CREATE " + folder_, &Core::take_created);
  }
}

void AppendSession::Core::take_created(const Status& status) {
  if (status.kind != Kind::ok) return close(End::no_folder, status);
  command("SUBSCRIBE " + folder_, &Core::take_subscribed);
}

void AppendSession::Core::take_subscribed(const Status&) {
  open_folder();
}

}  // namespace fermo::imap
