#include "server/pop3_connection.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "account/authenticator.h"
#include "base/check.h"
#include "runtime/error.h"

namespace fermo::server {
namespace {

pop3::ServerSettings settings_for(const Settings& server, const Peer& peer) {
  const config::Config& config = server.config;
  pop3::ServerSettings settings;
  settings.host_name = config.host_name;
  settings.implementation = "Fermo";
  settings.tls_available = server.tls != nullptr;
  settings.plaintext_logins = config.plaintext_logins || peer.is_local();
  settings.autologout = config.autologout;
  settings.unauthenticated_time_max = std::min(config.autologout, config.login_time_max);
  return settings;
}

std::string_view name_of(pop3::End end) {
  switch (end) {
    case pop3::End::quit:
      return "quit";
    case pop3::End::disconnected:
      return "disconnected";
    case pop3::End::autologout:
      return "timed-out";
    case pop3::End::too_many_errors:
      return "too-many-errors";
    case pop3::End::too_many_logins:
      return "too-many-logins";
    case pop3::End::tls_failed:
      return "tls-failed";
    case pop3::End::protocol_violation:
      return "protocol-violation";
    case pop3::End::failure:
      return "failure";
    case pop3::End::shut_down:
      return "shut-down";
  }
  return "unknown";
}

/// The peer may still be sending when such a session closes.
bool cut_short(pop3::End end) {
  return end == pop3::End::too_many_errors || end == pop3::End::too_many_logins || end == pop3::End::protocol_violation;
}

}  // namespace

Pop3Connection::Pop3Connection(Accepted accepted)
    : Connection(std::move(accepted)),
      session_(settings_for(settings(), peer()), protocol() == config::Protocol::pop3s) {}

runtime::Watchdog::Clock::time_point Pop3Connection::deadline() const {
  const auto from = session_.authenticated() ? runtime::Watchdog::Clock::now() : started_at();
  return from + session_.time_limit();
}

Connection::Awaitable<void> Pop3Connection::converse() {
  if (protocol() == config::Protocol::pop3s) {
    const Result<void> secured = co_await start_tls();
    if (!secured) co_return tls_failed(secured.error());
  }
  bool goes_on = true;
  while (goes_on) {
    pop3::Step step = session_.next();
    auto obey_step = [this](auto& one) { return obey(std::move(one)); };
    Awaitable<bool> obeyed = std::visit(obey_step, step);
    goes_on = co_await std::move(obeyed);
  }
}

void Pop3Connection::receive(std::string_view octets) {
  session_.receive(octets);
  if (!session_.authenticated()) forget_input(octets);
}

void Pop3Connection::tls_failed(const error_code& failure) {
  if (failure == runtime::Error::cancelled) return ended_by(failure);
  ended("tls-failed", failure.message());
}

Connection::Awaitable<bool> Pop3Connection::obey(pop3::StartTls) {
  const bool flushed = co_await flush();
  if (!flushed) co_return false;
  const Result<void> secured = co_await start_tls();
  if (!secured) tls_failed(secured.error());
  session_.answer(pop3::TlsStarted{secured.has_value()});
  co_return true;
}

Connection::Awaitable<bool> Pop3Connection::obey(pop3::Verify step) {
  account::Authenticator& authenticator = environment().services.authenticator;
  account::LoginAttempt attempt = {std::move(step.login), peer().text(), "pop3", peer().allotment()};
  auto verify = [&authenticator, attempt = std::move(attempt)] { return authenticator.verify(attempt); };
  Result<account::LoginDecision> decision = co_await in_pool(environment().login_pool, std::move(verify));
  if (!decision) {
    session_.answer(pop3::Verified{decision.error(), {}});
    co_return true;
  }
  account_ = std::move(decision->account);
  session_.answer(pop3::Verified{decision->verdict, account_ ? account_->name : std::string()});
  co_return true;
}

Connection::Awaitable<bool> Pop3Connection::obey(pop3::OpenMaildrop) {
  FERMO_CHECK(account_.has_value());
  maildrop::Store& store = environment().services.store;
  auto open = [&store, drop = account_->drop] { return store.open(drop); };
  auto opened = co_await in_pool(environment().store_pool, std::move(open));
  if (!opened) {
    session_.answer(pop3::MaildropOpened{opened.error()});
    co_return true;
  }
  maildrop_ = std::move(*opened);
  keep();
  session_.answer(pop3::MaildropOpened{maildrop_->drop_listing()});
  co_return true;
}

Connection::Awaitable<bool> Pop3Connection::obey(pop3::ReadScanListings step) {
  auto list = [maildrop = maildrop_, step] { return maildrop->scan_listings(step.first, step.count); };
  auto listings = co_await in_pool(environment().store_pool, std::move(list));
  session_.answer(pop3::ScanListings{std::move(listings)});
  co_return true;
}

Connection::Awaitable<Result<MessageReader::Piece>> Pop3Connection::read_piece() {
  auto read = [message = message_] { return message->next(); };
  co_return co_await in_pool(environment().store_pool, std::move(read));
}

/// Nothing is queued before the first piece is there, so that a message that cannot be read gets -ERR and not a broken
/// answer.
Connection::Awaitable<bool> Pop3Connection::obey(pop3::SendMessage step) {
  message_ = std::make_shared<MessageReader>(maildrop_, step.number, step.body_lines);
  const Result<MessageReader::Piece> first = co_await read_piece();
  if (!first) {
    session_.answer(pop3::MessageSent{first.error(), false});
    co_return true;
  }
  queue(step.preface);
  queue(first->wire);
  co_return co_await send_rest(first->ended);
}

/// The rest of the message, while at most one piece and the output buffer are in memory.
Connection::Awaitable<bool> Pop3Connection::send_rest(bool ended) {
  for (;;) {
    const bool flushed = !output_full() || co_await flush();
    if (!flushed) co_return false;
    if (ended) break;
    const Result<MessageReader::Piece> piece = co_await read_piece();
    if (!piece) {
      this->ended("failure", piece.error().message());
      session_.answer(pop3::MessageSent{piece.error(), true});
      co_return true;
    }
    queue(piece->wire);
    ended = piece->ended;
  }
  session_.answer(pop3::MessageSent{Result<void>(), true});
  co_return true;
}

Connection::Awaitable<bool> Pop3Connection::obey(pop3::Commit step) {
  auto commit = [maildrop = maildrop_, step = std::move(step)] { return maildrop->commit_deletions(step.deletions); };
  const Result<void> committed = co_await in_pool(environment().store_pool, std::move(commit));
  session_.answer(pop3::Committed{committed});
  co_return true;
}

Connection::Awaitable<bool> Pop3Connection::obey(pop3::Close step) {
  co_await finish(name_of(step.end), cut_short(step.end));
  co_return false;
}

Connection::Awaitable<void> Pop3Connection::release() {
  if (!maildrop_) co_return;
  auto drop = [message = std::move(message_), maildrop = std::move(maildrop_)]() mutable {
    message.reset();
    maildrop.reset();
    return Result<void>();
  };
  co_await in_pool(environment().store_pool, std::move(drop));
}

void Pop3Connection::describe(LogLine& line) const {
  const pop3::SessionRecord& record = session_.record();
  line.add("user", record.user);
  line.add("login", record.authenticated ? "yes" : "no");
  line.add("commands", record.commands);
  line.add("errors", record.errors);
  line.add("retrieved", record.retrieved);
  line.add("topped", record.topped);
  line.add("deleted", record.deleted);
}

}  // namespace fermo::server
