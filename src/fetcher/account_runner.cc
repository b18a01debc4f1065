#include "fetcher/account_runner.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/failure.h"
#include "base/limits.h"
#include "fetch/policy_text.h"

/// One session from its connection to its end. What is there to be fetched is found in account_listing.cc, and fetched
/// in account_work.cc.
namespace fermo::fetcher {

namespace client = pop3::client;
using fetch::Pipelining;

namespace {

std::string text_of(const fetch::Policy& policy) {
  std::string text = fetch::text_of_mode(policy);
  if (policy.headers_only) text += " headers";
  if (policy.whole_octets_max) text += " limit " + std::to_string(policy.whole_octets_max->value);
  return text;
}

std::string_view place_of(std::string_view mark) {
  return mark.substr(0, mark.find('\n'));
}

/// Another look at the capabilities might mend why the session ended. A password that was called wrong is not
/// sent twice.
bool may_be_out_of_date(const client::Close& close) {
  if (close.end == client::End::remembered_outdated) return true;
  if (close.end == client::End::no_login_method || close.end == client::End::credentials_unusable) return true;
  return close.end == client::End::login_refused &&
         (close.code == client::ResponseCode::none || close.code == client::ResponseCode::other);
}

}  // namespace

Work work_of(const fetch::Plan& plan) {
  Work work;
  for (const auto& decision : plan.decisions) {
    if (decision.removal == fetch::Removal::now) ++work.deletions;
    if (decision.retrieval == fetch::Retrieval::none) continue;
    ++work.messages;
    work.octets += decision.octets;
  }
  return work;
}

AccountRunner::AccountRunner(boost::asio::any_io_executor executor, AccountSettings settings, fetch::Target& target,
                             fetch::Ledger& ledger, runtime::BlockingPool& pool, const Clock& clock, Observer& observer)
    : executor_(executor),
      settings_(std::move(settings)),
      target_(target),
      ledger_(ledger),
      pool_(pool),
      clock_(clock),
      observer_(observer),
      connector_(executor),
      delivery_(target, ledger, settings_.account, settings_.batch_messages_max, clock_),
      delivery_job_(executor, pool),
      loading_(executor, pool) {}

AccountRunner::Awaitable<Report> AccountRunner::run() {
  co_await run_session_with_remedies();
  const bool limited = settings_.dry_run || settings_.policy.messages_at_once_max;
  if (settings_.in_batches && !limited) co_await run_further_sessions();
  conclude();
  co_return std::move(report_);
}

AccountRunner::Awaitable<void> AccountRunner::run_session_with_remedies() {
  co_await run_session();
  while (find_remedy()) {
    begin_anew();
    co_await run_session();
  }
}

/// Whether to try again with less trust. Each remedy is tried once.
bool AccountRunner::find_remedy() {
  if (stopped_ || !visit_.close) return false;
  if (visit_.close->pipelining_suspected && !pipelining_broken_) {
    pipelining_broken_ = true;
    report_.remarks.emplace_back(
        "the server broke off when commands were sent ahead of its replies, so they are sent one by one");
    return true;
  }
  const bool remembered = !state_.capabilities.empty() && !remembered_doubtful_;
  if (!remembered || !may_be_out_of_date(*visit_.close)) return false;
  remembered_doubtful_ = true;
  return true;
}

void AccountRunner::begin_anew() {
  report_.verdict = Verdict::done;
  report_.problem.clear();
  report_.advice.clear();
  report_.troubles.clear();
  visit_ = Visit();
}

/// Gmail lists some 250 messages, and the next ones only after QUIT. A server that wants time between two logins gets
/// it: the next run goes on.
AccountRunner::Awaitable<void> AccountRunner::run_further_sessions() {
  std::uint64_t before = 0;
  for (unsigned sessions = 1; sessions < limits::sessions_of_a_run_max; ++sessions) {
    const std::uint64_t fetched = report_.fetched + report_.heads;
    const bool more_is_likely = fetched > before && report_.verdict == Verdict::done && report_.left_behind == 0;
    if (!more_is_likely || stopped_ || report_.login_delay.value_or(std::chrono::seconds(0)).count() > 0) co_return;
    before = fetched;
    visit_ = Visit();
    co_await run_session_with_remedies();
    report_.unchanged = false;  // it was no short one, as a whole
  }
}

void AccountRunner::stop() {
  stopped_ = true;
  connector_.cancel();
  if (session_) session_->stop();
}

AccountRunner::Awaitable<void> AccountRunner::run_session() {
  const bool ready = co_await connect();
  if (!ready) co_return;
  co_await converse();
  co_await settle();
  report_.octets_in += session_->octets_in();
  report_.octets_out += session_->octets_out();
  report_.tls = session_->tls_summary();
  session_.reset();
}

void AccountRunner::begin_loading() {
  auto load = [this]() -> Result<fetch::AccountState> {
    if (!settings_.dry_run) {
      const auto mark = target_.mark();
      mark_ = mark ? *mark : std::string();
    }
    return ledger_.state();
  };
  loading_.start(std::move(load));
}

bool AccountRunner::take_state(Result<fetch::AccountState> state) {
  if (!state) {
    fail_of_ledger(state.error());
    return false;
  }
  state_ = *state;
  for (const auto& known : {state_.last_login, state_.last_full_listing}) {
    if (known) clock_.learn(*known);
  }
  // The short cuts are for doing the same again. Where the mark of the place has changed, only what is new goes there.
  mark_ += '\n' + text_of(settings_.policy);
  const std::string_view before = place_of(state_.target_mark);
  if (state_.target_mark != mark_) state_.stat.reset();
  // What was deleted here does not show in what the server says; and a part of a drop may be as large as the one
  // before.
  if (settings_.policy.mode == fetch::Mode::mirror || settings_.in_batches) state_.stat.reset();
  if (!settings_.dry_run && !before.empty() && before != place_of(mark_)) {
    report_.remarks.emplace_back("what was fetched before was delivered to another place; only what is new comes here");
  }
  return true;
}

bool AccountRunner::place_is_the_same() const {
  const std::string_view place = place_of(mark_);
  return !place.empty() && place == place_of(state_.target_mark);
}

/// What is known is loaded while the line is made.
AccountRunner::Awaitable<bool> AccountRunner::connect() {
  begin_loading();
  const ServerAddress& server = settings_.server;
  auto connecting = connector_.connect(server.host, server.port, settings_.proxy, settings_.time_max);
  Result<runtime::Stream::Socket> socket = co_await std::move(connecting);
  Result<fetch::AccountState> state = co_await loading_.outcome();
  const bool loaded = take_state(std::move(state));
  if (!loaded) co_return false;
  if (stopped_) {
    fail(Verdict::stopped, "stopped before anything was fetched");
    co_return false;
  }
  if (!socket) {
    Report end;
    explain_unreachable(server, connector_.failed_before_proxy() ? &*settings_.proxy : nullptr, socket.error(), end);
    fail(end.verdict, std::move(end.problem));
    co_return false;
  }
  session_.emplace(std::move(*socket), settings_.tls, session_settings());
  co_return true;
}

client::Settings AccountRunner::session_settings() {
  client::Settings settings;
  settings.tls = settings_.server.tls;
  settings.plaintext_logins = settings_.plaintext_logins;
  settings.kind = settings_.kind;
  settings.user = settings_.user;
  settings.secret = settings_.secret;
  settings.host = settings_.server.host;
  settings.port = settings_.server.port;
  settings.reply_time_max = settings_.time_max;
  settings.pipelining = state_.pipelining == Pipelining::works ? client::Pipelining::on : client::Pipelining::probe;
  if (pipelining_broken_ || state_.pipelining == Pipelining::broken) settings.pipelining = client::Pipelining::off;
  if (!state_.capabilities.empty() && !remembered_doubtful_) {
    settings.remembered_capabilities = client::Capabilities::from_text(state_.capabilities);
  }
  return settings;
}

AccountRunner::Awaitable<void> AccountRunner::converse() {
  const bool listed = co_await list();
  if (!listed) co_return;
  if (!report_.unchanged) {
    const bool planned = co_await plan();
    if (!planned) co_return;
    observer_.planned(work_of(visit_.plan));
    if (!settings_.dry_run) {
      const bool begun = co_await begin_work();
      if (begun) co_await work();
      co_return;
    }
    for (const auto& decision : visit_.plan.decisions) observer_.decided(decision);
  }
  co_await quit();
}

void AccountRunner::order_quit() {
  visit_.quitting = true;
  session_->order(Order::quit());
}

AccountRunner::Awaitable<void> AccountRunner::quit() {
  order_quit();
  while (!visit_.close) co_await next_step();
}

/// Whoever gets Close has nothing left to ask for.
AccountRunner::Awaitable<AccountRunner::Step> AccountRunner::next_step() {
  Step step = co_await session_->next();
  if (const auto* const close = std::get_if<client::Close>(&step)) take_end(*close);
  if (auto* const ready = std::get_if<client::Ready>(&step)) {
    const auto& before = ready->capabilities_before_login.login_delay;
    report_.login_delay = ready->capabilities.login_delay ? ready->capabilities.login_delay : before;
    visit_.ready = std::move(*ready);
  }
  co_return step;
}

void AccountRunner::take_end(const client::Close& close) {
  visit_.close = close;
  if (close.end == client::End::quit) return;
  if (stopped_) return fail(Verdict::stopped, "stopped");
  // Without deletions nothing depends on the answer to QUIT.
  const bool only_quit = visit_.quitting && visit_.unanswered == 0 && !visit_.unconfirmed;
  if (only_quit && visit_.to_delete == 0) return;
  Report end;
  client::Close ended = close;
  // Where there never was to be TLS, nothing came before it.
  if (ended.end == client::End::injected && settings_.server.tls == client::Tls::none) {
    ended.end = client::End::protocol_violation;
  }
  explain_end(ended, session_->failure(), session_->certificate_problem(), end);
  const bool only_deletions = visit_.quitting && visit_.to_delete > 0 && close.end != client::End::quit_failed;
  if (only_deletions) {
    end.verdict = Verdict::incomplete;
    end.problem = "the server did not confirm the deletions: " + end.problem;
    end.advice = "the next run sees to them";
  }
  fail(end.verdict, std::move(end.problem), std::move(end.advice));
}

void AccountRunner::fail(Verdict verdict, std::string problem, std::string advice) {
  if (report_.verdict != Verdict::done) return;
  report_.verdict = verdict;
  report_.problem = std::move(problem);
  report_.advice = std::move(advice);
}

void AccountRunner::fail_of_ledger(const error_code& failure) {
  fail(Verdict::ledger_failed, "the record of what was fetched cannot be kept: " + failure.message());
}

void AccountRunner::fail_of_target(const error_code& failure, const std::string& explanation) {
  auto verdict = Verdict::target_failed;
  if (failure == fetch::Error::misused || failure == fetch::Error::not_ours) verdict = Verdict::target_misused;
  if (failure == fetch::Error::in_use || failure == fetch::Error::deferred) verdict = Verdict::in_use;
  if (failure == fetch::Error::unreachable) verdict = Verdict::target_unreachable;
  fail(verdict, "the mail cannot be delivered: " + failure.message() + (explanation.empty() ? "" : ": " + explanation));
}

void AccountRunner::complain(MessageNumber number, std::string what) {
  if (report_.troubles.size() >= limits::message_troubles_max) return;
  report_.troubles.push_back({number.value(), "message " + std::to_string(number.value()) + " " + std::move(what)});
}

/// Single messages count only when nothing worse has happened.
void AccountRunner::conclude() {
  if (report_.verdict != Verdict::done) return;
  if (report_.left_behind > 0) {
    fail(Verdict::incomplete, std::to_string(report_.left_behind) + " of the messages could not be dealt with",
         "the next run tries them again");
  } else if (report_.refused > 0) {
    fail(Verdict::messages_refused, std::to_string(report_.refused) + " of the messages are not taken where they go",
         "they stay on the server and are not tried again");
  }
}

}  // namespace fermo::fetcher
