#include <algorithm>
#include <utility>

#include "base/check.h"
#include "smtp/client_core.h"

/// A message: MAIL and RCPT, then its content by DATA or, where its lines are too long for that, by BDAT (RFC 3030).
namespace fermo::smtp::client {
namespace {

bool is_ascii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) > 0x7f) return false;
  }
  return true;
}

MessageDone refusal(std::string why, bool of_envelope) {
  Reply own;
  own.text = std::move(why);
  return {MessageDone::Outcome::refused, of_envelope, std::move(own)};
}

/// RFC 3463 §3.3: a full mailbox (x.2.2) will be emptied, whatever class a server gives it.
MessageDone::Outcome outcome_of(const Reply& reply) {
  const bool full = reply.status.ends_with(".2.2");
  return reply.passing() || full ? MessageDone::Outcome::deferred : MessageDone::Outcome::refused;
}

/// RFC 1870 §6.1 and RFC 3463 §3.4: it is the message that is too large.
bool is_about_size(const Reply& reply) {
  return reply.status.ends_with(".3.4") || reply.status.ends_with(".2.3") ||
         (reply.code == 552 && reply.status.empty());
}

}  // namespace

void ClientSession::Core::send(Message message) {
  FERMO_CHECK(idle_ && !message_);
  idle_ = false;
  failed_.reset();
  stuffing_ = {};
  message_ = std::move(message);
  const bool ascii = is_ascii(message_->recipient) && is_ascii(message_->reverse_path);
  if (!ascii && !extensions_.smtputf8) {
    return finish_message(refusal("the server takes only addresses of ASCII (no SMTPUTF8)", true));
  }
  // RFC 5321 §4.5.3.1.6. LMTP servers deliver at once and do not mind.
  constexpr std::uint64_t line_octets_max = 998;
  in_chunks_ = message_->line_octets_max > line_octets_max && extensions_.chunking;
  if (message_->line_octets_max > line_octets_max && !in_chunks_ && settings_.protocol == Protocol::smtp) {
    return finish_message(refusal("it has lines of more than 998 octets, and the server has no CHUNKING", false));
  }
  const bool resets = std::exchange(needs_reset_, false);
  if (resets) command("RSET", &Core::take_reset);
  if (!resets || extensions_.pipelining) begin_mail();
}

void ClientSession::Core::take_reset(const Reply&) {
  if (!extensions_.pipelining) begin_mail();
}

void ClientSession::Core::begin_mail() {
  command(mail_command(), &Core::take_mail);
  if (!extensions_.pipelining) return;
  command("RCPT TO:<" + message_->recipient + ">", &Core::take_recipient);
  if (!in_chunks_) command("DATA", &Core::take_data);
}

std::string ClientSession::Core::mail_command() const {
  std::string line = "MAIL FROM:<" + message_->reverse_path + ">";
  if (extensions_.size) line += " SIZE=" + std::to_string(message_->octets);
  if (in_chunks_ && extensions_.binary_mime) {
    line += " BODY=BINARYMIME";
  } else if (message_->eight_bit && extensions_.eight_bit_mime) {
    line += " BODY=8BITMIME";
  }
  const bool ascii = is_ascii(message_->recipient) && is_ascii(message_->reverse_path);
  if (!ascii) line += " SMTPUTF8";
  return line;
}

void ClientSession::Core::take_mail(const Reply& reply) {
  if (!reply.good()) {
    refuse_envelope(reply);
    if (failed_ && !extensions_.pipelining) finish_message(std::move(*failed_));
    return;
  }
  if (!extensions_.pipelining) command("RCPT TO:<" + message_->recipient + ">", &Core::take_recipient);
}

void ClientSession::Core::take_recipient(const Reply& reply) {
  // RFC 5321 §4.2.3: here, and without a status code, 552 is a mailbox that is full; RFC 1870 §6.1 has it to MAIL.
  const bool full = reply.code == 552 && reply.status.empty();
  if (!failed_ && full) failed_ = MessageDone{MessageDone::Outcome::deferred, true, reply};
  if (!failed_ && !reply.good()) refuse_envelope(reply);
  if (closed_) return;
  const bool data_asked = extensions_.pipelining && !in_chunks_;
  if (data_asked) return;
  if (failed_) return finish_message(std::move(*failed_));
  in_chunks_ ? begin_content() : command("DATA", &Core::take_data);
}

void ClientSession::Core::refuse_envelope(const Reply& reply) {
  if (reply.goes_on()) return violate("the answer does not fit its command: " + reply.words());
  failed_ = MessageDone{outcome_of(reply), !is_about_size(reply), reply};
}

void ClientSession::Core::take_data(const Reply& reply) {
  if (reply.good()) return violate("the answer does not fit its command: " + reply.words());
  if (!reply.goes_on()) {
    if (!failed_) failed_ = MessageDone{outcome_of(reply), false, reply};
    return finish_message(std::move(*failed_));
  }
  if (!failed_) return begin_content();
  // RFC 2920 §3.1: no recipient was taken, and the server wants content all the same.
  command(".", &Core::take_delivered);
}

// --- Content ---------------------------------------------------------------------------------------------------------

void ClientSession::Core::begin_content() {
  content_wanted_ = true;
}

void ClientSession::Core::content(std::string_view piece) {
  FERMO_CHECK(content_wanted_ && !piece.empty());
  std::string octets;
  if (!in_chunks_) {
    octets.reserve(piece.size() + piece.size() / 64);
    stuffing_.stuff(piece, octets);
    return push(Send{std::move(octets)});
  }
  content_wanted_ = false;
  octets = "BDAT " + std::to_string(piece.size()) + "\r\n";
  octets += piece;
  push(Send{std::move(octets)});
  awaited_.push_back(&Core::take_chunk);
}

void ClientSession::Core::take_chunk(const Reply& reply) {
  if (reply.good()) return begin_content();
  if (reply.goes_on()) return violate("the answer does not fit its command: " + reply.words());
  finish_message({outcome_of(reply), false, reply});
}

/// MessageText ended the last line, so the dot stands on one of its own.
void ClientSession::Core::end_content() {
  FERMO_CHECK(content_wanted_);
  content_wanted_ = false;
  all_sent_ = true;
  command(in_chunks_ ? "BDAT 0 LAST" : ".", &Core::take_delivered);
}

void ClientSession::Core::take_delivered(const Reply& reply) {
  all_sent_ = false;
  if (failed_) return finish_message(std::move(*failed_));
  if (reply.goes_on()) return violate("the answer does not fit its command: " + reply.words());
  if (reply.good()) return finish_message({MessageDone::Outcome::delivered, false, reply});
  finish_message({outcome_of(reply), false, reply});
}

void ClientSession::Core::finish_message(MessageDone done) {
  // What the client refused on its own leaves the server as it was: with an earlier envelope, perhaps.
  if (done.outcome != MessageDone::Outcome::delivered && done.reply.code != 0) needs_reset_ = true;
  done.reply.text.resize(std::min(done.reply.text.size(), limits::client_text_octets_max));
  message_.reset();
  failed_.reset();
  push(std::move(done));
  ready();
}

void ClientSession::Core::quit() {
  FERMO_CHECK(idle_);
  idle_ = false;
  command("QUIT", &Core::take_quit);
}

void ClientSession::Core::take_quit(const Reply& reply) {
  close(End::quit, reply);
}

}  // namespace fermo::smtp::client
