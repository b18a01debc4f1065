#include "fetcher/keeper.h"

#include <algorithm>
#include <csignal>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/random.h"

namespace fermo::fetcher {
namespace {

namespace asio = boost::asio;

fetch::Outcome outcome_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::done:
    case Verdict::messages_refused:
      return fetch::Outcome::done;
    case Verdict::incomplete:
    case Verdict::stopped:
    case Verdict::network:
    case Verdict::busy:
    case Verdict::in_use:
    case Verdict::target_failed:
    case Verdict::target_unreachable:
    case Verdict::ledger_failed:
    case Verdict::process_lost:
      return fetch::Outcome::later;
    case Verdict::login_refused:
      return fetch::Outcome::login_refused;
    case Verdict::settings:
    case Verdict::certificate:
    case Verdict::protocol:
    case Verdict::target_misused:
      break;
  }
  return fetch::Outcome::wrong;
}

double chance() {
  return static_cast<double>(random_u64() >> 11) / static_cast<double>(std::uint64_t{1} << 53);
}

/// Nobody watches.
class NoObserver final : public Observer {
 public:
  void planned(const Work&) override {}
  void decided(const fetch::Decision&) override {}
  void received(Octets) override {}
  void delivered(std::uint64_t) override {}
  void ended(const Report&) override {}
};

/// One account.
struct Kept {
  Kept(KeptAccount is, Timestamp now) : account(std::move(is)), schedule(account.pace, account.last_login, now) {}

  KeptAccount account;
  fetch::Schedule schedule;
  bool fetching = false;
  bool forgotten = false;  ///< No longer among the accounts; goes when its fetch has ended.
  std::optional<Worker> worker;
};

class Keeper {
 public:
  Keeper(std::vector<KeptAccount> accounts, Household& household, const Clock& clock, std::size_t at_once_max)
      : household_(household),
        clock_(clock),
        at_once_max_(at_once_max),
        timer_(context_),
        signals_(context_, SIGTERM, SIGINT) {
    signals_.add(SIGHUP);
    signals_.add(SIGUSR1);
    for (auto& account : accounts) kept_.push_back(std::make_unique<Kept>(std::move(account), clock_.now()));
  }

  void run() {
    await_signal();
    household_.ready();
    auto ended = [this](std::exception_ptr exception) {
      thrown_ = std::move(exception);
      context_.stop();
    };
    asio::co_spawn(context_, keep(), ended);
    context_.run();
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  asio::awaitable<void> keep();
  asio::awaitable<void> fetch(Kept* kept);
  void begin_what_is_due();
  Timestamp next_due() const;
  void look_again() { timer_.cancel(); }
  void await_signal();
  void take_signal(int signal);
  void reread();
  void stop();

  Household& household_;
  const Clock& clock_;
  const std::size_t at_once_max_;
  NoObserver no_observer_;
  asio::io_context context_{1};
  asio::steady_timer timer_;
  asio::signal_set signals_;
  std::vector<std::unique_ptr<Kept>> kept_;
  std::size_t fetching_ = 0;
  bool stopping_ = false;
  std::exception_ptr thrown_;
};

/// Everything that changes anything ends the wait of this loop, which then looks at all accounts. It looks once in a
/// while in any case, since the clock may be set and the machine may have slept.
asio::awaitable<void> Keeper::keep() {
  while (!stopping_ || fetching_ > 0) {
    if (!stopping_) begin_what_is_due();
    const Timestamp next = next_due();
    household_.waiting(fetching_, next == Timestamp::max() ? std::nullopt : std::optional(next));
    const auto until_due = next == Timestamp::max() ? limits::schedule_look_interval : next - clock_.now();
    timer_.expires_after(
        std::clamp<std::chrono::microseconds>(until_due, std::chrono::microseconds(0), limits::schedule_look_interval));
    error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

/// Of those that wait for their time; with all places taken somebody has to end first.
Timestamp Keeper::next_due() const {
  Timestamp next = Timestamp::max();
  if (stopping_ || fetching_ >= at_once_max_) return next;
  for (const auto& one : kept_) {
    if (!one->fetching) next = std::min(next, one->schedule.due());
  }
  return next;
}

void Keeper::begin_what_is_due() {
  std::vector<Kept*> due;
  for (const auto& one : kept_) {
    if (!one->fetching && one->schedule.due() <= clock_.now()) due.push_back(one.get());
  }
  std::ranges::sort(due, {}, [](const Kept* one) { return one->schedule.due(); });
  for (Kept* const one : due) {
    if (fetching_ >= at_once_max_) return;
    ++fetching_;
    one->fetching = true;
    one->schedule.began(clock_.now());
    auto ended = [this](std::exception_ptr exception) {
      if (exception) thrown_ = exception;
      --fetching_;
      std::erase_if(kept_, [](const auto& kept) { return kept->forgotten && !kept->fetching; });
      look_again();
      if (thrown_) context_.stop();
    };
    asio::co_spawn(context_, fetch(one), ended);
  }
}

asio::awaitable<void> Keeper::fetch(Kept* kept) {
  const std::string name = kept->account.name;
  auto complain = [this, name](std::string_view what) { household_.complain(name, what); };
  kept->worker.emplace(context_.get_executor(), no_observer_, std::move(complain));
  if (stopping_) kept->worker->stop();
  auto running = kept->worker->run(household_.errand(name));
  const WorkerEnd end = co_await std::move(running);
  kept->worker.reset();
  kept->fetching = false;
  const Report report = end.not_begun ? household_.explain(*end.not_begun) : end.report;
  kept->schedule.ended(outcome_of(report.verdict), clock_.now(), report.login_delay, chance());
  household_.fetched(name, report, kept->schedule);
}

// --- Signals ---------------------------------------------------------------------------------------------------------

void Keeper::await_signal() {
  signals_.async_wait([this](const error_code& cancelled, int signal) {
    if (cancelled) return;
    take_signal(signal);
    await_signal();
  });
}

void Keeper::take_signal(int signal) {
  if (signal == SIGUSR1) {
    for (const auto& one : kept_) {
      if (!one->fetching) one->schedule.hurry(clock_.now());
    }
  } else if (signal == SIGHUP) {
    reread();
  } else {
    stop();
  }
  look_again();
}

/// Accounts that stay keep their times. Somebody who changes something and says so may have put right what was wrong,
/// in a place that is not the file of accounts too.
void Keeper::reread() {
  auto accounts = stopping_ ? std::nullopt : household_.reread();
  if (!accounts) return;
  std::vector<std::unique_ptr<Kept>> before = std::exchange(kept_, {});
  for (auto& account : *accounts) {
    const auto same = std::ranges::find_if(
        before, [&](const auto& one) { return one != nullptr && one->account.name == account.name; });
    if (same == before.end()) {
      kept_.push_back(std::make_unique<Kept>(std::move(account), clock_.now()));
      continue;
    }
    Kept& kept = **same;
    kept.forgotten = false;
    if (kept.account.version != account.version || kept.schedule.held()) {
      kept.schedule.change(account.pace, clock_.now());
    }
    kept.account = std::move(account);
    kept_.push_back(std::move(*same));
  }
  for (auto& one : before) {
    if (one == nullptr || !one->fetching) continue;
    one->forgotten = true;
    kept_.push_back(std::move(one));
  }
}

void Keeper::stop() {
  if (!stopping_) household_.stopping();
  stopping_ = true;
  for (const auto& one : kept_) {
    if (one->worker) one->worker->stop();
  }
}

}  // namespace

void keep_fetching(std::vector<KeptAccount> accounts, Household& household, const Clock& clock,
                   std::size_t at_once_max) {
  std::signal(SIGPIPE, SIG_IGN);  // who reads what is printed may have gone
  Keeper keeper(std::move(accounts), household, clock, at_once_max);
  keeper.run();
}

}  // namespace fermo::fetcher
