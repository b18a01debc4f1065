#include "pop3/server_session.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "pop3/reply.h"
#include "pop3/server_core.h"

namespace fermo::pop3 {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

/// What an AUTH line needs beside its initial response (RFC 5034 §4).
constexpr std::string_view auth_prefix = "AUTH PLAIN ";

}  // namespace

// --- The transitions: what each state makes of each keyword; anything else is refused --------------------------------

auto ServerSession::Core::transitions_of_authorization() -> std::span<const Transition> {
  static constexpr std::array transitions = {
      Transition{Verb::auth, &Core::auth}, Transition{Verb::capa, &Core::capa},
      Transition{Verb::pass, &Core::pass}, Transition{Verb::quit, &Core::quit_before_login},
      Transition{Verb::stls, &Core::stls}, Transition{Verb::user, &Core::user},
  };
  return transitions;
}

auto ServerSession::Core::transitions_of_transaction() -> std::span<const Transition> {
  static constexpr std::array transitions = {
      Transition{Verb::capa, &Core::capa}, Transition{Verb::dele, &Core::dele}, Transition{Verb::list, &Core::list},
      Transition{Verb::noop, &Core::noop}, Transition{Verb::quit, &Core::quit}, Transition{Verb::retr, &Core::retr},
      Transition{Verb::rset, &Core::rset}, Transition{Verb::stat, &Core::stat}, Transition{Verb::top, &Core::top},
      Transition{Verb::uidl, &Core::uidl},
  };
  return transitions;
}

auto ServerSession::Core::awaited_after(const Step& step) -> Awaited {
  return std::visit(Overloaded{
                        [](const StartTls&) { return Awaited::tls; },
                        [](const Verify&) { return Awaited::verdict; },
                        [](const OpenMaildrop&) { return Awaited::maildrop; },
                        [](const ReadScanListings&) { return Awaited::scan_listings; },
                        [](const SendMessage&) { return Awaited::message; },
                        [](const Commit&) { return Awaited::commit; },
                        [](const auto&) { return Awaited::nothing; },
                    },
                    step);
}

// --- The loop --------------------------------------------------------------------------------------------------------

ServerSession::Core::Core(ServerSettings settings, bool tls_active)
    : settings_(std::move(settings)), tls_active_(tls_active), splitter_(limits::pop3_command_octets_max) {
  // No "<", which would promise APOP (RFC 1939 §7).
  send(ok("POP3 server ready at " + settings_.host_name));
}

void ServerSession::Core::receive(std::string_view octets) {
  FERMO_CHECK(input_wanted_);
  splitter_.receive(octets);
}

Step ServerSession::Core::next() {
  FERMO_CHECK(awaited_ == Awaited::nothing);
  while (steps_.empty()) advance();
  Step step = std::move(steps_.front());
  steps_.pop_front();
  awaited_ = awaited_after(step);
  input_wanted_ = std::holds_alternative<NeedInput>(step);
  return step;
}

/// Makes at least one step, or takes at least one line.
void ServerSession::Core::advance() {
  if (end_) return push(Close{*end_});
  if (listing_) return continue_listing(*listing_);
  // RFC 1939 §3 asks for no response on autologout, and no other end of ours would be understood either.
  if (shutting_down_) return close(End::shut_down);
  if (expired_) return close(End::autologout);
  take_line();
}

void ServerSession::Core::take_line() {
  splitter_.set_line_octets_max(line_octets_max());
  const auto outcome = splitter_.next();
  std::visit(Overloaded{
                 [this](const mail::LineSplitter::Line& line) {
                   if (!authenticated()) secrets_buffered_ = true;
                   sasl_response_awaited_ ? take_sasl_response(line.text) : take_command(line.text);
                   wipe_secrets();
                 },
                 [this](mail::LineSplitter::TooLong) {
                   record_.commands += sasl_response_awaited_ ? 0U : 1U;
                   refuse_long_line();
                 },
                 [this](mail::LineSplitter::NeedMore) { wait_for_input(); },
             },
             outcome);
}

void ServerSession::Core::wait_for_input() {
  if (splitter_.dropped_octets() > limits::pop3_endless_line_octets) return close(End::protocol_violation);
  if (input_ended_) return close(End::disconnected);
  push(NeedInput{});
}

std::size_t ServerSession::Core::line_octets_max() const {
  if (authenticated()) return limits::pop3_command_octets_max;
  return limits::sasl_response_octets_max + (sasl_response_awaited_ ? 0 : auth_prefix.size());
}

void ServerSession::Core::refuse_long_line() {
  sasl_response_awaited_ = false;
  refuse("Line too long");
}

void ServerSession::Core::take_command(std::string_view line) {
  ++record_.commands;
  const Command command = parse_command(line);
  if (line.size() > limits::pop3_command_octets_max && command.verb != Verb::auth) return refuse_long_line();
  // A NUL would cut short what it stands in wherever C strings are used: a password above all.
  if (line.find('\0') != std::string_view::npos) return refuse("NUL is not allowed");
  const auto transitions = authenticated() ? transitions_of_transaction() : transitions_of_authorization();
  const auto found = std::ranges::find(transitions, command.verb, &Transition::verb);
  if (found == transitions.end()) {
    return refuse(command.verb == Verb::unknown ? "Unknown command" : "Not possible in this state");
  }
  (this->*found->handler)(command.argument);
}

/// Any line before login may hold a password, a mistyped one too. Only at the end of a line: what is buffered behind it
/// must not be lost, nor the rest of a long line be taken for a new one.
void ServerSession::Core::wipe_secrets() {
  if (!secrets_buffered_ || !splitter_.empty()) return;
  splitter_.clear();
  secrets_buffered_ = false;
}

// --- Ways to answer --------------------------------------------------------------------------------------------------

void ServerSession::Core::send_error(std::string reply) {
  ++record_.errors;
  send(std::move(reply));
}

void ServerSession::Core::refuse_with(std::string_view response_code, std::string_view text) {
  send_error(err(response_code, text));
  const auto mistakes_max =
      authenticated() ? limits::pop3_authenticated_errors_max : limits::pop3_unauthenticated_errors_max;
  if (++mistakes_ >= mistakes_max) close(End::too_many_errors);
}

void ServerSession::Core::close(End end) {
  if (end_) return;
  end_ = end;
  push(Close{end});
}

void ServerSession::Core::settle(Awaited answered) {
  FERMO_CHECK(awaited_ == answered);
  awaited_ = Awaited::nothing;
}

std::chrono::seconds ServerSession::Core::time_limit() const {
  return authenticated() ? settings_.autologout : settings_.unauthenticated_time_max;
}

// --- What both states have -------------------------------------------------------------------------------------------

bool ServerSession::Core::without_argument(std::string_view argument) {
  if (split_words(argument).empty()) return true;
  refuse("No argument expected");
  return false;
}

void ServerSession::Core::capa(std::string_view argument) {
  if (without_argument(argument)) send(capability_reply(settings_, context()));
}

// --- The public face -------------------------------------------------------------------------------------------------

ServerSession::ServerSession(ServerSettings settings, bool tls_active)
    : core_(std::make_unique<Core>(std::move(settings), tls_active)) {}
ServerSession::~ServerSession() = default;
ServerSession::ServerSession(ServerSession&&) noexcept = default;
ServerSession& ServerSession::operator=(ServerSession&&) noexcept = default;

void ServerSession::receive(std::string_view octets) {
  core_->receive(octets);
}
void ServerSession::end_of_input() {
  core_->end_of_input();
}
void ServerSession::expire() {
  core_->expire();
}
void ServerSession::shut_down() {
  core_->shut_down();
}
Step ServerSession::next() {
  return core_->next();
}
void ServerSession::answer(TlsStarted outcome) {
  core_->answer(outcome);
}
void ServerSession::answer(Verified outcome) {
  core_->answer(std::move(outcome));
}
void ServerSession::answer(MaildropOpened outcome) {
  core_->answer(outcome);
}
void ServerSession::answer(ScanListings outcome) {
  core_->answer(std::move(outcome));
}
void ServerSession::answer(MessageSent outcome) {
  core_->answer(outcome);
}
void ServerSession::answer(Committed outcome) {
  core_->answer(outcome);
}
std::chrono::seconds ServerSession::time_limit() const {
  return core_->time_limit();
}
bool ServerSession::authenticated() const {
  return core_->authenticated();
}
const SessionRecord& ServerSession::record() const {
  return core_->record();
}

}  // namespace fermo::pop3
