#include "fetcher/imap_connection.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/secret.h"
#include "fetch/error.h"

namespace fermo::fetcher {

ImapConnection::~ImapConnection() {
  if (!session_ || !idle_) return;
  leaving_ = true;
  session_->logout();
  next();
  link_.close();
}

std::optional<imap::Close> ImapConnection::open() {
  const auto& settings = folder_.session;
  const auto connected = link_.connect(settings.host, settings.port, settings.reply_time_max);
  if (!connected) {
    note(connected.error());
    return imap::Close{imap::End::disconnected};
  }
  imap::Settings with_binding = settings;
  if (settings.tls == imap::Tls::implicit) {
    if (!start_tls()) return imap::Close{link_.timed_out() ? imap::End::timed_out : imap::End::tls_failed};
    with_binding.channel_binding = link_.channel_binding();
  }
  session_.emplace(std::move(with_binding));
  imap::Step step = next();
  if (auto* const close = std::get_if<imap::Close>(&step)) return std::move(*close);
  return std::nullopt;
}

ImapConnection::Outcome ImapConnection::append(Spool& content, std::optional<mail::DateTime> date) {
  session_->append({content.octets(), date});
  idle_ = false;
  for (std::uint64_t at = 0;;) {
    imap::Step step = next();
    if (auto* const close = std::get_if<imap::Close>(&step)) return std::move(*close);
    if (auto* const refused = std::get_if<imap::Refused>(&step)) return std::move(*refused);
    if (std::holds_alternative<imap::Appended>(step)) return imap::Appended{};
    const auto piece = content.read(at, limits::message_piece_octets_max);
    if (!piece || piece->empty()) {
      note(piece ? make_error_code(fetch::Error::unavailable) : piece.error());
      return imap::Close{imap::End::disconnected};
    }
    at += piece->size();
    session_->content(*piece);
  }
}

ImapConnection::Outcome ImapConnection::search(const imap::Search& order) {
  session_->search(order);
  return outcome();
}

ImapConnection::Outcome ImapConnection::fetch_header(std::uint32_t uid) {
  session_->fetch_header(uid);
  return outcome();
}

ImapConnection::Outcome ImapConnection::outcome() {
  idle_ = false;
  imap::Step step = next();
  if (auto* const found = std::get_if<imap::Found>(&step)) return std::move(*found);
  if (auto* const header = std::get_if<imap::Header>(&step)) return std::move(*header);
  return std::move(std::get<imap::Close>(step));
}

/// The next step that is not the network's.
imap::Step ImapConnection::next() {
  for (;;) {
    imap::Step step = session_->next();
    if (auto* const octets = std::get_if<imap::Send>(&step)) {
      write(std::move(*octets));
    } else if (std::holds_alternative<imap::NeedInput>(step)) {
      read();
    } else if (std::holds_alternative<imap::StartTls>(step)) {
      const bool secured = start_tls();
      session_->answer({secured, secured ? link_.channel_binding() : sasl::ChannelBinding()});
    } else {
      idle_ = !std::holds_alternative<imap::Close>(step) && !std::holds_alternative<imap::NeedContent>(step);
      return step;
    }
  }
}

void ImapConnection::write(imap::Send step) {
  if (broken_) return;
  const auto written = link_.write(step.octets, folder_.session.reply_time_max);
  if (step.secret) wipe(step.octets);
  // What the server said before it closed may still be there to be read: its reason, perhaps.
  if (!written) note(written.error());
}

void ImapConnection::read() {
  const auto time_max = session_->time_limit();
  const auto octets = link_.read(leaving_ ? std::min(time_max, limits::goodbye_time_max) : time_max);
  if (octets && !octets->empty()) return session_->receive(*octets);
  if (!octets) note(octets.error());
  link_.timed_out() ? session_->expire() : session_->end_of_input();
}

bool ImapConnection::start_tls() {
  const auto secured = link_.start_tls(folder_.tls, folder_.session.host, folder_.session.reply_time_max);
  if (!secured) note(secured.error());
  return secured.has_value();
}

void ImapConnection::note(const error_code& failure) {
  broken_ = true;
  if (!failure_ && !link_.timed_out()) failure_ = failure;
}

}  // namespace fermo::fetcher
