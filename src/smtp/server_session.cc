#include "smtp/server_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "smtp/server_core.h"

namespace fermo::smtp {
namespace {

/// Whether a reply counts towards limits::smtp_errors_max. One that refuses a well-formed command for what it asks does
/// not: a mailing list may name more than twenty people who have left. Nor do those that a client gets which pipelined
/// on over a MAIL or RCPT that was refused (RFC 2920 §3.1).
bool shows_confusion(const Reply& reply) {
  if (reply == replies::mail_first || reply == replies::recipient_first) return false;
  return reply.code == 500 || reply.code == 501 || reply.code == 503 || reply.code == 555;
}

}  // namespace

// --- The transitions: what each state makes of each verb -------------------------------------------------------------

// RFC 5321 §4.1.4, RFC 2033 §4, RFC 3030 §2.
auto ServerSession::Core::transitions_of(State state) -> std::span<const Transition> {
  using namespace replies;
  static constexpr std::array connected = {
      Transition{Verb::mail, &Core::say<lhlo_first>},
      Transition{Verb::rcpt, &Core::say<lhlo_first>},
      Transition{Verb::data, &Core::say<lhlo_first>},
      Transition{Verb::bdat, &Core::skip_chunk<lhlo_first>},
  };
  static constexpr std::array greeted = {
      Transition{Verb::mail, &Core::mail_from},
      Transition{Verb::rcpt, &Core::say<mail_first>},
      Transition{Verb::data, &Core::say<mail_first>},
      Transition{Verb::bdat, &Core::skip_chunk<mail_first>},
  };
  static constexpr std::array sender_given = {
      Transition{Verb::mail, &Core::say<nested_mail>},
      Transition{Verb::rcpt, &Core::rcpt_to},
      Transition{Verb::data, &Core::say<recipient_first>},
      Transition{Verb::bdat, &Core::skip_chunk<recipient_first>},
  };
  static constexpr std::array recipients_given = {
      Transition{Verb::mail, &Core::say<nested_mail>},
      Transition{Verb::rcpt, &Core::rcpt_to},
      Transition{Verb::data, &Core::data},
      Transition{Verb::bdat, &Core::bdat},
  };
  static constexpr std::array chunks_begun = {
      Transition{Verb::mail, &Core::say<nested_mail>},
      Transition{Verb::rcpt, &Core::say<bdat_or_rset>},
      Transition{Verb::data, &Core::say<bdat_or_rset>},
      Transition{Verb::bdat, &Core::bdat},
  };
  switch (state) {
    case State::connected:
      return connected;
    case State::greeted:
      return greeted;
    case State::sender_given:
      return sender_given;
    case State::recipients_given:
      return recipients_given;
    case State::chunks_begun:
      return chunks_begun;
  }
  FERMO_CHECK(false);
}

auto ServerSession::Core::transitions_of_every_state() -> std::span<const Transition> {
  using namespace replies;
  static constexpr std::array transitions = {
      Transition{Verb::lhlo, &Core::lhlo}, Transition{Verb::helo, &Core::say<this_is_lmtp>},
      Transition{Verb::rset, &Core::rset}, Transition{Verb::noop, &Core::say<done>},
      Transition{Verb::vrfy, &Core::vrfy}, Transition{Verb::help, &Core::say<help>},
      Transition{Verb::quit, &Core::quit}, Transition{Verb::unknown, &Core::say<unknown_command>},
  };
  return transitions;
}

auto ServerSession::Core::handler_of(Verb verb) const -> Handler {
  for (const auto transitions : {transitions_of(state_), transitions_of_every_state()}) {
    const auto found = std::ranges::find(transitions, verb, &Transition::verb);
    if (found != transitions.end()) return found->handler;
  }
  FERMO_CHECK(false);
}

// --- The loop --------------------------------------------------------------------------------------------------------

ServerSession::Core::Core(ServerSettings settings)
    : settings_(std::move(settings)),
      lines_(limits::smtp_command_octets_max - std::string_view("\r\n").size()),
      content_(settings_.message_octets_max) {
  send({220, "", "LMTP ready"}, settings_.host_name);
}

void ServerSession::Core::receive(std::string_view octets) {
  if (input_ != Input::ended) lines_.receive(octets);
}

void ServerSession::Core::end_input(End why) {
  if (!input_over_) input_over_ = why;
}

auto ServerSession::Core::awaited_after(const Step& step) -> Awaited {
  if (std::holds_alternative<ResolveRecipient>(step)) return Awaited::recipient;
  if (std::holds_alternative<BeginMessage>(step)) return Awaited::begun;
  if (std::holds_alternative<Append>(step)) return Awaited::appended;
  if (std::holds_alternative<FinishMessage>(step)) return Awaited::finished;
  return Awaited::nothing;
}

void ServerSession::Core::settle(Awaited answered) {
  FERMO_CHECK(std::exchange(awaited_, Awaited::nothing) == answered);
}

Step ServerSession::Core::next() {
  FERMO_CHECK(awaited_ == Awaited::nothing);
  while (steps_.empty()) {
    if (advance()) continue;
    if (!input_over_) return NeedInput{};
    close(*input_over_, *input_over_ == End::timed_out ? &replies::timed_out : nullptr);
  }
  Step step = std::move(steps_.front());
  steps_.pop_front();
  awaited_ = awaited_after(step);
  return step;
}

bool ServerSession::Core::advance() {
  switch (input_) {
    case Input::command:
      return advance_command();
    case Input::mail_data:
      return advance_mail_data();
    case Input::chunk:
      return advance_chunk();
    case Input::held_back:
      return advance_finishing();
    case Input::ended:
      push(Close{end_});
      return true;
  }
  FERMO_CHECK(false);
}

bool ServerSession::Core::advance_command() {
  if (shutting_down_ && !message_open_) {
    close(End::shutting_down, &replies::shutting_down);
    return true;
  }
  const mail::LineSplitter::Outcome outcome = lines_.next();
  if (const auto* line = std::get_if<mail::LineSplitter::Line>(&outcome)) {
    take_line(*line);
    return true;
  }
  if (std::holds_alternative<mail::LineSplitter::TooLong>(outcome)) {
    refuse_line(replies::line_too_long, {});
    return true;
  }
  if (lines_.dropped_octets() <= limits::smtp_endless_line_octets) return false;
  close(End::protocol_violation, &replies::endless_line);
  return true;
}

void ServerSession::Core::take_line(const mail::LineSplitter::Line& line) {
  if (line.ended_by_bare_lf) return refuse_line(replies::bare_lf_line_end, line.text);
  if (has_control_character(line.text)) return refuse_line(replies::control_character, line.text);
  ++record_.commands;
  const Command command = parse_command(line.text);
  (this->*handler_of(command.verb))(command.argument);
}

void ServerSession::Core::refuse_line(const Reply& reply, std::string_view line) {
  ++record_.commands;
  respond(reply);
  // The octets of a chunk whose command is not obeyed must not be taken for commands.
  if (parse_command(line).verb == Verb::bdat) close(End::protocol_violation, &replies::lost_in_chunks);
}

// --- Answers to commands ---------------------------------------------------------------------------------------------

void ServerSession::Core::send(const Reply& reply, std::string_view subject) {
  if (reply.refuses()) ++record_.errors;
  push(Send{reply_line(reply, subject)});
}

void ServerSession::Core::respond(const Reply& reply) {
  send(reply);
  if (!shows_confusion(reply) || ++confusions_ <= limits::smtp_errors_max) return;
  close(End::too_many_errors, &replies::too_many_errors);
}

void ServerSession::Core::close(End end, const Reply* last_words) {
  if (input_ == Input::ended) return;
  abandon_message();
  if (last_words != nullptr) send(*last_words);
  input_ = Input::ended;
  end_ = end;
}

// --- The session -----------------------------------------------------------------------------------------------------

ServerSession::ServerSession(ServerSettings settings) : core_(std::make_unique<Core>(std::move(settings))) {}
ServerSession::~ServerSession() = default;
ServerSession::ServerSession(ServerSession&&) noexcept = default;
ServerSession& ServerSession::operator=(ServerSession&&) noexcept = default;

void ServerSession::receive(std::string_view octets) {
  core_->receive(octets);
}
void ServerSession::end_of_input() {
  core_->end_input(End::disconnected);
}
void ServerSession::expire() {
  core_->end_input(End::timed_out);
}
void ServerSession::shut_down() {
  core_->shut_down();
}
Step ServerSession::next() {
  return core_->next();
}
void ServerSession::answer(RecipientResolved outcome) {
  core_->answer(outcome);
}
void ServerSession::answer(MessageBegun outcome) {
  core_->answer(outcome);
}
void ServerSession::answer(Appended outcome) {
  core_->answer(outcome);
}
void ServerSession::answer(Finished outcome) {
  core_->answer(outcome);
}
std::chrono::seconds ServerSession::time_limit() const {
  return core_->time_limit();
}
const SessionRecord& ServerSession::record() const {
  return core_->record();
}

}  // namespace fermo::smtp
