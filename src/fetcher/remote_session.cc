#include "fetcher/remote_session.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>
#include <variant>

#include "base/limits.h"
#include "base/secret.h"

namespace fermo::fetcher {

namespace client = pop3::client;

RemoteSession::RemoteSession(runtime::Stream::Socket socket, std::shared_ptr<const runtime::TlsClientContext> tls,
                             client::Settings settings)
    : stream_(std::move(socket)),
      tls_(std::move(tls)),
      settings_(std::move(settings)),
      host_(settings_.host),
      time_max_(settings_.reply_time_max),
      watchdog_(stream_.executor(),
                [this] {
                  timed_out_ = true;
                  stream_.cancel();
                }),
      buffer_(limits::input_octets_at_once, '\0') {
  if (settings_.tls != client::Tls::implicit) session_.emplace(std::move(settings_));
}

RemoteSession::Awaitable<client::Step> RemoteSession::next() {
  if (!session_) {
    const bool begun = co_await begin();
    if (!begun) {
      client::Close failed{.end = timed_out_ ? client::End::timed_out : client::End::tls_failed};
      close();
      co_return client::Step(std::move(failed));
    }
  }
  for (;;) {
    client::Step step = next_of_session();
    if (auto* const octets = std::get_if<client::Send>(&step)) {
      co_await send(std::move(*octets));
    } else if (std::holds_alternative<client::NeedInput>(step)) {
      co_await read();
    } else if (std::holds_alternative<client::StartTls>(step)) {
      const bool secured = co_await start_tls();
      const client::TlsStarted outcome{secured, secured ? channel_binding() : sasl::ChannelBinding()};
      session_->answer(outcome);
    } else {
      if (auto* const end = std::get_if<client::Close>(&step)) {
        if (timed_out_ && end->end == client::End::tls_failed) end->end = client::End::timed_out;
        close();
      }
      co_return step;
    }
  }
}

void RemoteSession::order(client::Order order) {
  session_ ? session_->order(order) : early_orders_.push_back(order);
}

RemoteSession::Awaitable<void> RemoteSession::send_ordered() {
  while (!step_) {
    client::Step step = session_->next();
    auto* const octets = std::get_if<client::Send>(&step);
    if (octets == nullptr) {
      step_ = std::move(step);
    } else {
      co_await send(std::move(*octets));
    }
  }
}

client::Step RemoteSession::next_of_session() {
  if (!step_) return session_->next();
  client::Step step = std::move(*step_);
  step_.reset();
  return step;
}

/// With implicit TLS the session begins after the handshake, which its login is bound to.
RemoteSession::Awaitable<bool> RemoteSession::begin() {
  const bool secured = co_await start_tls();
  if (!secured) co_return false;
  settings_.channel_binding = channel_binding();
  session_.emplace(std::move(settings_));
  for (const client::Order& order : early_orders_) session_->order(order);
  co_return true;
}

RemoteSession::Awaitable<bool> RemoteSession::start_tls() {
  watchdog_.set_from_now(time_max_);
  const Result<void> secured = co_await stream_.start_tls(tls_, host_);
  watchdog_.disarm();
  if (!secured) note(secured.error());
  co_return secured.has_value();
}

sasl::ChannelBinding RemoteSession::channel_binding() const {
  auto exported = stream_.channel_binding();
  if (!exported) return {};
  return {sasl::ChannelBinding::Type::tls_exporter, std::move(*exported)};
}

RemoteSession::Awaitable<void> RemoteSession::send(client::Send step) {
  if (broken_) co_return;
  patience_.renew();
  watchdog_.set_from_now(time_max_);
  const Result<void> sent = co_await stream_.write_all(step.octets);
  watchdog_.disarm();
  if (step.secret) wipe(step.octets);
  // What the server said before it closed may still be there to be read: its reason, perhaps.
  if (!sent) note(sent.error());
}

RemoteSession::Awaitable<void> RemoteSession::read() {
  const std::uint64_t replies = session_->record().replies;
  if (replies != replies_) patience_.renew();
  replies_ = replies;
  const Patience::Duration left = patience_.left(session_->progress_time_limit());
  const auto begun = std::chrono::steady_clock::now();
  watchdog_.set(begun + std::min<Patience::Duration>(session_->time_limit(), left));
  const Result<std::size_t> octets = co_await stream_.read_some(std::span<char>(buffer_));
  watchdog_.disarm();
  patience_.waited(std::chrono::steady_clock::now() - begun, octets ? *octets : 0);
  if (octets && *octets > 0) {
    session_->receive(std::string_view(buffer_).substr(0, *octets));
    co_return;
  }
  if (!octets) note(octets.error());
  timed_out_ ? session_->expire() : session_->end_of_input();
}

void RemoteSession::note(const error_code& failure) {
  broken_ = true;
  if (!failure_ && !timed_out_) failure_ = failure;
}

void RemoteSession::close() {
  watchdog_.disarm();
  stream_.finish_writing();
  stream_.close();
}

}  // namespace fermo::fetcher
