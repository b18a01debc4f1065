#include "fetcher/smtp_target.h"

#include <utility>
#include <variant>

#include "base/limits.h"

namespace fermo::fetcher {
namespace {

using fetch::Error;
using Close = smtp::client::Close;
using End = smtp::client::End;
using MessageDone = smtp::client::MessageDone;

std::string with_words(std::string what, const smtp::client::Reply& reply) {
  if (reply.code != 0) return what + ": " + reply.words();
  return reply.text.empty() ? what : what + ": " + reply.text;
}

std::string place_of(const MailServer& server) {
  if (!server.socket.empty()) return server.socket.string();
  return server.session.host + " at port " + std::to_string(server.session.port);
}

}  // namespace

Result<std::unique_ptr<SmtpTarget>> SmtpTarget::open(MailServer server, std::string recipient) {
  auto spool = Spool::make();
  if (!spool) return spool.error();
  return std::unique_ptr<SmtpTarget>(new SmtpTarget(std::move(server), std::move(recipient), std::move(*spool)));
}

Result<fetch::Presence> SmtpTarget::find(std::string_view) {
  return fetch::Presence::unknown;
}

Result<void> SmtpTarget::connect() {
  if (connection_) return {};
  connection_ = std::make_unique<SmtpConnection>(server_);
  const auto failed = connection_->open();
  return failed ? broken(*failed) : Result<void>();
}

Result<void> SmtpTarget::begin(const fetch::Incoming&) {
  explanation_.clear();
  text_ = {};
  if (auto cut = spool_.cut(0); !cut) return cut;
  return connect();
}

Result<void> SmtpTarget::append(std::string_view content) {
  text_.convert(content, spool_.buffer());
  return spool_.flush_if_full();
}

void SmtpTarget::abandon() {
  static_cast<void>(spool_.cut(0));
}

Result<void> SmtpTarget::end() {
  text_.finish(spool_.buffer());
  if (auto flushed = spool_.flush(); !flushed) return flushed;
  const smtp::client::Message message{.reverse_path = {},
                                      .recipient = recipient_,
                                      .octets = text_.octets(),
                                      .line_octets_max = text_.line_octets_max(),
                                      .eight_bit = text_.eight_bit()};
  // A server may have closed a connection that had nothing to do while the message came.
  for (bool again = true;; again = false) {
    if (auto connected = connect(); !connected) return connected;
    const auto sent = connection_->send(message, spool_);
    if (const auto* const done = std::get_if<MessageDone>(&sent)) return outcome(*done);
    const auto& close = std::get<Close>(sent);
    auto failed = broken(close);
    const bool lost = close.end == End::disconnected || close.end == End::closing;
    if (!again || close.message_unknown || !lost) return failed;
  }
}

Result<void> SmtpTarget::outcome(const MessageDone& done) {
  if (done.outcome == MessageDone::Outcome::delivered) return {};
  const bool for_good = done.outcome == MessageDone::Outcome::refused;
  explanation_ = with_words(place_of(server_) + (done.of_envelope ? " does not take mail for " + recipient_
                                                                  : std::string(" does not take it")),
                            done.reply);
  if (done.of_envelope) return for_good ? Error::misused : Error::unreachable;
  return for_good ? Error::refused : Error::deferred;
}

/// The connection is over: why, as an error and in words.
Result<void> SmtpTarget::broken(const Close& close) {
  const auto connection = std::exchange(connection_, nullptr);
  const error_code failure = connection->failure();
  const std::string place = place_of(server_);
  const auto fail = [&](Error error, const std::string& what) -> Result<void> {
    explanation_ = with_words(what, close.reply);
    return error;
  };
  switch (close.end) {
    case End::quit:
    case End::disconnected: {
      const std::string unknown = close.message_unknown ? " after the whole message was sent; it may be there" : "";
      if (failure) return fail(Error::unreachable, place + " cannot be reached: " + failure.message() + unknown);
      return fail(Error::unreachable, place + " closed the connection" + unknown);
    }
    case End::timed_out:
      return fail(Error::unreachable, place + " did not answer in time");
    case End::turned_away:
      return fail(close.reply.passing() ? Error::unreachable : Error::misused, place + " turns us away");
    case End::closing:
      return fail(Error::unreachable, place + " takes nothing at the moment");
    case End::starttls_not_offered:
      return fail(Error::misused, place + " does not offer STARTTLS, or somebody in between hides that it does");
    case End::starttls_refused:
      return fail(Error::misused, place + " refuses to begin TLS");
    case End::tls_failed:
      if (const auto problem = connection->certificate_problem()) {
        return fail(Error::misused, "the certificate of " + place + " is refused: " + problem->text);
      }
      return fail(Error::unreachable, "TLS with " + place + " could not begin: " + failure.message());
    case End::injected:
      return fail(Error::misused, "somebody put words into the connection to " + place + " before TLS began");
    case End::no_login_method:
      return fail(Error::misused, place + " offers no way to log in that may be used here");
    case End::login_refused:
      return fail(close.reply.passing() ? Error::unreachable : Error::misused, place + " refuses the login");
    case End::protocol_violation:
      return fail(Error::misused, place + " does not speak the protocol");
  }
  return Error::unavailable;
}

Result<std::string> SmtpTarget::mark() {
  return place_of(server_) + " " + recipient_;
}

}  // namespace fermo::fetcher
