#include "server/lmtp_connection.h"

#include <utility>
#include <variant>

#include "account/directory.h"
#include "server/intake.h"

namespace fermo::server {
namespace {

smtp::ServerSettings settings_for(const config::Config& config) {
  smtp::ServerSettings settings;
  settings.host_name = config.host_name;
  settings.message_octets_max = config.message_octets_max;
  settings.recipients_max = config.recipients_max;
  return settings;
}

std::string_view name_of(smtp::End end) {
  switch (end) {
    case smtp::End::quit:
      return "quit";
    case smtp::End::disconnected:
      return "disconnected";
    case smtp::End::timed_out:
      return "timed-out";
    case smtp::End::too_many_errors:
      return "too-many-errors";
    case smtp::End::protocol_violation:
      return "protocol-violation";
    case smtp::End::shutting_down:
      return "shut-down";
  }
  return "unknown";
}

/// The peer may still be sending when such a session closes.
bool cut_short(smtp::End end) {
  return end != smtp::End::quit && end != smtp::End::disconnected;
}

}  // namespace

LmtpConnection::LmtpConnection(Accepted accepted)
    : Connection(std::move(accepted)), session_(settings_for(settings().config)) {}

runtime::Watchdog::Clock::time_point LmtpConnection::deadline() const {
  return runtime::Watchdog::Clock::now() + session_.time_limit();
}

Connection::Awaitable<void> LmtpConnection::converse() {
  bool goes_on = true;
  while (goes_on) {
    smtp::Step step = session_.next();
    auto obey_step = [this](auto& one) { return obey(std::move(one)); };
    Awaitable<bool> obeyed = std::visit(obey_step, step);
    goes_on = co_await std::move(obeyed);
  }
}

Connection::Awaitable<bool> LmtpConnection::obey(smtp::ResolveRecipient step) {
  account::Directory& directory = environment().services.directory;
  const mail::Address recipient = step.recipient;
  auto find = [&directory, recipient] { return directory.find(recipient); };
  const auto account = co_await in_pool(environment().lookup_pool, std::move(find));
  if (!account) {
    const Result<bool> undecided(boost::system::in_place_error, account.error());
    session_.answer(smtp::RecipientResolved{undecided});
    co_return true;
  }
  if (*account) remember(recipient, **account);
  session_.answer(smtp::RecipientResolved{account->has_value()});
  co_return true;
}

/// Bounded: what is forgotten is looked up again when the message is there.
void LmtpConnection::remember(const mail::Address& recipient, const account::Account& account) {
  if (drops_.size() >= settings().config.recipients_max) drops_.clear();
  drops_.insert_or_assign(recipient.text(), account.drop);
}

Connection::Awaitable<bool> LmtpConnection::obey(smtp::BeginMessage) {
  maildrop::Store& store = environment().services.store;
  auto begin = [&store] { return store.begin_delivery(); };
  auto begun = co_await in_pool(environment().store_pool, std::move(begin));
  if (begun) {
    delivery_ = std::move(*begun);
    session_.answer(smtp::MessageBegun{Result<void>()});
  } else {
    session_.answer(smtp::MessageBegun{begun.error()});
  }
  co_return true;
}

Connection::Awaitable<bool> LmtpConnection::obey(smtp::Append step) {
  auto append = [delivery = delivery_, wire = std::move(step.wire)] { return delivery->append(wire); };
  const Result<void> appended = co_await in_pool(environment().store_pool, std::move(append));
  session_.answer(smtp::Appended{appended});
  co_return true;
}

Connection::Awaitable<bool> LmtpConnection::obey(smtp::FinishMessage step) {
  const Timestamp now = environment().services.clock.now();
  const std::string id = session_id() + "." + std::to_string(++transactions_);
  const Intake::Session session = {peer().text(), settings().config.host_name, id};
  Intake intake(environment().services.directory, std::move(drops_), session);
  drops_.clear();
  auto finish = [intake = std::move(intake), delivery = std::move(delivery_), step = std::move(step), now]() mutable {
    return intake.finish(*delivery, step.envelope, step.summary, now);
  };
  delivery_.reset();
  const Result<void> finished = co_await in_pool(environment().store_pool, std::move(finish));
  session_.answer(smtp::Finished{finished});
  co_return true;
}

Connection::Awaitable<bool> LmtpConnection::obey(smtp::AbandonMessage) {
  co_await release();
  co_return true;
}

Connection::Awaitable<bool> LmtpConnection::obey(smtp::Close step) {
  co_await finish(name_of(step.end), cut_short(step.end));
  co_return false;
}

Connection::Awaitable<void> LmtpConnection::release() {
  if (!delivery_) co_return;
  auto drop = [delivery = std::move(delivery_)]() mutable {
    delivery.reset();
    return Result<void>();
  };
  delivery_.reset();
  co_await in_pool(environment().store_pool, std::move(drop));
}

void LmtpConnection::describe(LogLine& line) const {
  const smtp::SessionRecord& record = session_.record();
  line.add("helo", record.helo);
  line.add("commands", record.commands);
  line.add("errors", record.errors);
  line.add("messages", record.messages);
  line.add("deliveries", record.deliveries);
}

}  // namespace fermo::server
