#include "imap/append_session.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "imap/append_core.h"
#include "imap/folder_name.h"
#include "mail/shown_text.h"

namespace fermo::imap {

using mail::LineSplitter;

// --- The face --------------------------------------------------------------------------------------------------------

AppendSession::AppendSession(Settings settings) : core_(std::make_unique<Core>(std::move(settings))) {}
AppendSession::~AppendSession() = default;
AppendSession::AppendSession(AppendSession&&) noexcept = default;
AppendSession& AppendSession::operator=(AppendSession&&) noexcept = default;

void AppendSession::receive(std::string_view octets) {
  core_->receive(octets);
}
void AppendSession::end_of_input() {
  core_->end_of_input();
}
void AppendSession::expire() {
  core_->expire();
}
void AppendSession::append(const Append& order) {
  core_->append(order);
}
void AppendSession::search(const Search& order) {
  core_->search(order);
}
void AppendSession::fetch_header(std::uint32_t uid) {
  core_->fetch_header(uid);
}
void AppendSession::logout() {
  core_->logout();
}
void AppendSession::content(std::string_view piece) {
  core_->content(piece);
}
Step AppendSession::next() {
  return core_->next();
}
void AppendSession::answer(TlsStarted outcome) {
  core_->answer(outcome);
}
std::chrono::seconds AppendSession::time_limit() const {
  return core_->time_limit();
}
std::uint32_t AppendSession::uid_next() const {
  return core_->uid_next();
}

// --- Octets and steps ------------------------------------------------------------------------------------------------

AppendSession::Core::Core(Settings settings)
    : settings_(std::move(settings)),
      folder_(quoted(to_modified_utf7(settings_.folder))),
      splitter_(limits::client_challenge_octets_max),
      tls_active_(settings_.tls == Tls::implicit) {}

void AppendSession::Core::receive(std::string_view octets) {
  FERMO_CHECK(!tls_awaited_);
  if (closed_) return;
  splitter_.receive(octets);
  read();
}

void AppendSession::Core::read() {
  while (!closed_ && !tls_awaited_) {
    if (literal_left_ > 0) {
      if (!read_literal()) return;
      continue;
    }
    const auto outcome = splitter_.next();
    if (std::holds_alternative<LineSplitter::TooLong>(outcome)) return violate("a line is too long");
    if (const auto* const line = std::get_if<LineSplitter::Line>(&outcome)) {
      take_line(line->text);
      continue;
    }
    if (splitter_.dropped_octets() > limits::client_challenge_octets_max) violate("a line is too long");
    return;
  }
}

/// False when more must come.
bool AppendSession::Core::read_literal() {
  const auto wanted = std::min<std::uint64_t>(literal_left_, limits::message_piece_octets_max);
  const std::string_view octets = splitter_.take(static_cast<std::size_t>(wanted));
  if (octets.empty()) return false;
  if (literal_kept_) header_ += octets;
  literal_left_ -= octets.size();
  return true;
}

void AppendSession::Core::take_line(std::string_view line) {
  const auto literal = literal_octets(line);
  const bool first = !std::exchange(in_response_, literal.has_value());
  if (literal) {
    if (*literal > limits::client_message_octets_max) return violate("a literal is too long");
    literal_left_ = *literal;
    literal_kept_ = header_wanted_ && header_.empty() && *literal <= limits::head_identity_octets_max;
  }
  if (!first) return;
  if (line.starts_with("* ")) return take_untagged(line.substr(2));
  if (line == "+" || line.starts_with("+ "))
    return take_continuation(line.substr(std::min<std::size_t>(line.size(), 2)));
  std::string_view rest = line;
  if (taker_ != nullptr && take_word(rest, tag_)) return take_tagged(rest);
  violate("not a response: " + mail::shown_text(line, limits::client_text_octets_max));
}

void AppendSession::Core::take_tagged(std::string_view text) {
  const auto status = parse_status(text);
  const bool tagged = status && status->kind != Status::Kind::preauth && status->kind != Status::Kind::bye;
  if (!tagged) return violate("not a status: " + mail::shown_text(text, limits::client_text_octets_max));
  (this->*std::exchange(taker_, nullptr))(*status);
}

void AppendSession::Core::take_untagged(std::string_view text) {
  if (!greeted_) return take_greeting(text);
  std::string_view rest = text;
  if (take_word(rest, "CAPABILITY")) return take_capabilities(rest);
  if (take_word(rest, "SEARCH")) {
    for (const std::string& word : words_of(rest)) {
      const auto uid = parse_uid(word);
      if (uid && found_.size() < limits::imap_found_max) found_.push_back(*uid);
    }
    return;
  }
  const auto status = parse_status(text);
  constexpr std::string_view uid_next = "[UIDNEXT ";
  if (status && status->code == "UIDNEXT" && status->text.size() > uid_next.size()) {
    const std::string_view number = std::string_view(status->text).substr(uid_next.size());
    uid_next_ = parse_uid(number.substr(0, number.find(']'))).value_or(0);
  }
  if (!status || status->kind != Status::Kind::bye) return;  // whatever a server has to tell on its own
  if (taker_ == &Core::take_logout) return;
  close(End::closing, *status);
}

void AppendSession::Core::take_continuation(std::string_view text) {
  if (mechanism_) return respond(text);
  if (!std::exchange(continuation_awaited_, false)) return violate("it asks to go on when nothing follows");
  content_wanted_ = true;
}

void AppendSession::Core::end_of_input() {
  if (!closed_) close(taker_ == &Core::take_logout ? End::logout : End::disconnected);
}

void AppendSession::Core::expire() {
  if (!closed_) close(End::timed_out);
}

void AppendSession::Core::close(End end, const Status& status) {
  close(end, status.text);
  std::get<Close>(steps_.back()).passing =
      status.code == "UNAVAILABLE" || status.code == "INUSE" || status.code == "LIMIT";
}

void AppendSession::Core::close(End end, std::string words) {
  closed_ = true;
  idle_ = false;
  content_wanted_ = false;
  push(Close{end, false, std::move(words), all_sent_});
}

void AppendSession::Core::command(const std::string& line, Taker taker, bool secret) {
  tag_ = "f" + std::to_string(++commands_);
  taker_ = taker;
  push(Send{tag_ + " " + line + "\r\n", secret});
}

Step AppendSession::Core::next() {
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

std::chrono::seconds AppendSession::Core::time_limit() const {
  return all_sent_ ? std::max(settings_.reply_time_max, limits::handing_on_time_max) : settings_.reply_time_max;
}

}  // namespace fermo::imap
