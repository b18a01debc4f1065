#include "smtp/client_session.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "mail/shown_text.h"
#include "smtp/client_core.h"

namespace fermo::smtp::client {
namespace {

using mail::LineSplitter;

}  // namespace

// --- The face --------------------------------------------------------------------------------------------------------

ClientSession::ClientSession(Settings settings) : core_(std::make_unique<Core>(std::move(settings))) {}
ClientSession::~ClientSession() = default;
ClientSession::ClientSession(ClientSession&&) noexcept = default;
ClientSession& ClientSession::operator=(ClientSession&&) noexcept = default;

void ClientSession::receive(std::string_view octets) {
  core_->receive(octets);
}
void ClientSession::end_of_input() {
  core_->end_of_input();
}
void ClientSession::expire() {
  core_->expire();
}
void ClientSession::send(Message message) {
  core_->send(std::move(message));
}
void ClientSession::quit() {
  core_->quit();
}
void ClientSession::content(std::string_view piece) {
  core_->content(piece);
}
void ClientSession::end_content() {
  core_->end_content();
}
Step ClientSession::next() {
  return core_->next();
}
void ClientSession::answer(TlsStarted outcome) {
  core_->answer(outcome);
}
std::chrono::seconds ClientSession::time_limit() const {
  return core_->time_limit();
}

// --- Octets and steps ------------------------------------------------------------------------------------------------

ClientSession::Core::Core(Settings settings)
    : settings_(std::move(settings)),
      splitter_(limits::client_reply_octets_max),
      tls_active_(settings_.tls == Tls::implicit) {
  awaited_.push_back(&Core::take_greeting);
}

void ClientSession::Core::receive(std::string_view octets) {
  FERMO_CHECK(!tls_awaited_);
  if (closed_) return;
  splitter_.receive(octets);
  read_lines();
}

void ClientSession::Core::read_lines() {
  while (!closed_ && !tls_awaited_) {
    const auto outcome = splitter_.next();
    if (std::holds_alternative<LineSplitter::TooLong>(outcome)) return violate("a line is too long");
    if (const auto* const line = std::get_if<LineSplitter::Line>(&outcome)) {
      take_line(line->text);
      continue;
    }
    if (splitter_.dropped_octets() > limits::client_reply_octets_max) violate("a line is too long");
    return;
  }
}

void ClientSession::Core::take_line(std::string_view line) {
  const auto parsed = parse_reply_line(line);
  const bool continues = parsed && (reply_lines_ == 0 || parsed->code == reply_.code);
  if (!continues) return violate("not a reply: " + mail::shown_text(line, limits::client_text_octets_max));
  if (++reply_lines_ > limits::client_capability_lines_max) return violate("a reply has no end");
  std::string_view text = parsed->text;
  // The first line of the answer to EHLO is the server's name.
  if (extensions_coming_ && reply_lines_ > 1) extensions_coming_->take_line(text);
  std::string status = take_status(parsed->code, text);
  reply_.code = parsed->code;
  if (reply_.status.empty()) reply_.status = std::move(status);
  if (!reply_.text.empty()) reply_.text += ' ';
  const std::size_t room =
      limits::client_challenge_octets_max - std::min(reply_.text.size(), limits::client_challenge_octets_max);
  reply_.text += mail::shown_text(text, room);
  if (!parsed->last) return;
  reply_lines_ = 0;
  take_reply(std::exchange(reply_, {}));
}

void ClientSession::Core::take_reply(const Reply& reply) {
  constexpr std::uint16_t service_closing = 421;
  if (reply.code == service_closing) {
    all_sent_ = false;  // it was not taken over
    return close(End::closing, reply);
  }
  if (awaited_.empty()) return violate("a reply to nothing: " + reply.words());
  const Taker taker = awaited_.front();
  awaited_.pop_front();
  (this->*taker)(reply);
}

void ClientSession::Core::end_of_input() {
  if (!closed_) close(End::disconnected);
}

void ClientSession::Core::expire() {
  if (!closed_) close(End::timed_out);
}

void ClientSession::Core::close(End end, Reply reply) {
  const std::size_t shown = std::min(reply.text.size(), limits::client_text_octets_max);
  reply.text.resize(shown);
  closed_ = true;
  idle_ = false;
  content_wanted_ = false;
  push(Close{end, std::move(reply), all_sent_});
}

void ClientSession::Core::violate(std::string what) {
  Reply words;
  words.text = std::move(what);
  close(End::protocol_violation, std::move(words));
}

void ClientSession::Core::command(std::string line, Taker taker, bool secret) {
  line += "\r\n";
  push(Send{std::move(line), secret});
  awaited_.push_back(taker);
}

Step ClientSession::Core::next() {
  if (!steps_.empty()) {
    Step step = std::move(steps_.front());
    steps_.pop_front();
    return step;
  }
  FERMO_CHECK(!closed_);
  if (content_wanted_) return NeedContent{};
  if (idle_) return Idle{};
  return NeedInput{};
}

std::chrono::seconds ClientSession::Core::time_limit() const {
  return all_sent_ ? std::max(settings_.reply_time_max, limits::handing_on_time_max) : settings_.reply_time_max;
}

}  // namespace fermo::smtp::client
