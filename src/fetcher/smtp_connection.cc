#include "fetcher/smtp_connection.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/secret.h"

namespace fermo::fetcher {

namespace client = smtp::client;

SmtpConnection::~SmtpConnection() {
  if (!session_ || !idle_) return;
  quitting_ = true;
  session_->quit();
  next();
  link_.close();
}

std::optional<client::Close> SmtpConnection::open() {
  const auto& settings = server_.session;
  const auto connected = server_.socket.empty() ? link_.connect(settings.host, settings.port, settings.reply_time_max)
                                                : link_.connect(server_.socket);
  if (!connected) {
    note(connected.error());
    return client::Close{client::End::disconnected};
  }
  client::Settings with_binding = settings;
  if (settings.tls == client::Tls::implicit) {
    if (!start_tls()) return client::Close{link_.timed_out() ? client::End::timed_out : client::End::tls_failed};
    with_binding.channel_binding = link_.channel_binding();
  }
  session_.emplace(std::move(with_binding));
  Step step = next();
  if (auto* const close = std::get_if<client::Close>(&step)) return std::move(*close);
  return std::nullopt;
}

SmtpConnection::Sent SmtpConnection::send(client::Message message, Spool& content) {
  session_->send(std::move(message));
  for (std::uint64_t at = 0;;) {
    Step step = next();
    if (auto* const done = std::get_if<client::MessageDone>(&step)) return std::move(*done);
    if (auto* const close = std::get_if<client::Close>(&step)) return std::move(*close);
    const auto piece = content.read(at, limits::message_piece_octets_max);
    if (!piece) {
      note(piece.error());
      return client::Close{client::End::disconnected};
    }
    at += piece->size();
    piece->empty() ? session_->end_content() : session_->content(*piece);
  }
}

/// The next step that is not the network's.
SmtpConnection::Step SmtpConnection::next() {
  for (;;) {
    Step step = session_->next();
    if (auto* const octets = std::get_if<client::Send>(&step)) {
      write(std::move(*octets));
    } else if (std::holds_alternative<client::NeedInput>(step)) {
      read();
    } else if (std::holds_alternative<client::StartTls>(step)) {
      const bool secured = start_tls();
      session_->answer({secured, secured ? link_.channel_binding() : sasl::ChannelBinding()});
    } else {
      idle_ = std::holds_alternative<client::Idle>(step) || std::holds_alternative<client::MessageDone>(step);
      return step;
    }
  }
}

void SmtpConnection::write(client::Send step) {
  if (broken_) return;
  const auto written = link_.write(step.octets, server_.session.reply_time_max);
  if (step.secret) wipe(step.octets);
  // What the server said before it closed may still be there to be read: its reason, perhaps.
  if (!written) note(written.error());
}

void SmtpConnection::read() {
  const auto time_max = session_->time_limit();
  const auto octets = link_.read(quitting_ ? std::min(time_max, limits::goodbye_time_max) : time_max);
  if (octets && !octets->empty()) return session_->receive(*octets);
  if (!octets) note(octets.error());
  link_.timed_out() ? session_->expire() : session_->end_of_input();
}

bool SmtpConnection::start_tls() {
  const auto secured = link_.start_tls(server_.tls, server_.session.host, server_.session.reply_time_max);
  if (!secured) note(secured.error());
  return secured.has_value();
}

void SmtpConnection::note(const error_code& failure) {
  broken_ = true;
  if (!failure_ && !link_.timed_out()) failure_ = failure;
}

}  // namespace fermo::fetcher
