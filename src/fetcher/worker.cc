#include "fetcher/worker.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/limits.h"

namespace fermo::fetcher {
namespace {

namespace asio = boost::asio;
constexpr auto wait_read = asio::posix::descriptor_base::wait_read;

error_code last_error() {
  return {errno, boost::system::system_category()};
}

}  // namespace

Worker::Worker(asio::any_io_executor executor, Observer& observer, OnComplaint on_complaint)
    : observer_(observer),
      on_complaint_(std::move(on_complaint)),
      readable_(executor),
      over_(executor),
      lingering_(executor) {}

asio::awaitable<WorkerEnd> Worker::run(Secret errand) {
  const bool started = start(errand);
  errand = Secret();
  if (started) {
    co_await hear();
    if (!has_ended()) child_->kill();
    co_await await_end();
  }
  co_return conclude();
}

void Worker::stop() {
  const bool again = std::exchange(stopped_, true);
  if (again || !child_ || has_ended()) return;
  if (begun_) {
    notes_->send(static_cast<std::uint8_t>(WorkerNote::stop));
  } else {
    cut_ = true;
    child_->kill();  // it may be waiting for a program that prints a password, and has nothing to lose
  }
}

bool Worker::start(const Secret& errand) {
  if (stopped_) return false;
  auto pair = processes::make_pair(false);
  error_code failed = pair ? error_code() : pair.error();
  if (pair) {
    auto child = processes::Child::start({"role", "fetch"}, pair->second, -1, {}, processes::Environment::ours);
    if (child) {
      child_ = std::make_shared<processes::Child>(std::move(*child));
    } else {
      failed = child.error();
    }
  }
  if (child_) {
    const int ended = static_cast<int>(::syscall(SYS_pidfd_open, child_->pid(), 0));
    if (ended < 0) failed = last_error();
    if (ended >= 0) over_.assign(ended, failed);
    if (!failed) readable_.assign(::fcntl(pair->first.get(), F_DUPFD_CLOEXEC, 0), failed);
  }
  start_failure_ = failed ? failed.message() : std::string();
  if (failed) return false;
  notes_.emplace(std::move(pair->first));
  send_whole(*notes_, WorkerNote::errand, errand.reveal());  // one that is gone is heard to be
  return true;
}

asio::awaitable<void> Worker::hear() {
  while (!has_ended() && !senseless_) {
    const auto [failed] = co_await readable_.async_wait(wait_read, asio::as_tuple(asio::use_awaitable));
    if (failed) co_return;
    auto note = notes_->receive();
    if (!note) co_return;
    const auto whole = whole_.add(std::move(*note));
    senseless_ = whole_.too_long() || (whole && !take(*whole));
  }
}

/// One that has said its last word may close its files in peace, but not stay.
asio::awaitable<void> Worker::await_end() {
  lingering_.expires_after(limits::worker_end_time_max);
  lingering_.async_wait([watched = std::weak_ptr(child_)](const error_code& cancelled) {
    const auto child = watched.lock();
    if (!cancelled && child) child->kill();
  });
  co_await over_.async_wait(wait_read, asio::as_tuple(asio::use_awaitable));
  lingering_.cancel();
}

bool Worker::take(const processes::Note& note) {
  switch (static_cast<WorkerNote>(note.kind)) {
    case WorkerNote::begun:
      begun_ = true;
      return true;
    case WorkerNote::planned:
      if (const auto work = decode_work(note.payload)) return observer_.planned(*work), true;
      return false;
    case WorkerNote::decided:
      return take_decision(note);
    case WorkerNote::advanced:
      return take_advance(note);
    case WorkerNote::complaint:
      on_complaint_(decode_complaint(note.payload));
      return true;
    case WorkerNote::ended:
      report_ = decode_report(note.payload);
      return report_.has_value();
    case WorkerNote::could_not_begin:
      not_begun_ = decode_not_begun(note.payload);
      return not_begun_.has_value();
    default:
      return false;
  }
}

bool Worker::take_decision(const processes::Note& note) {
  const auto decision = decode_decision(note.payload);
  if (!decision || ++decisions_ > limits::client_listing_lines_max) return false;
  observer_.decided(*decision);
  return true;
}

bool Worker::take_advance(const processes::Note& note) {
  const auto advance = decode_advance(note.payload);
  if (!advance) return false;
  if (advance->octets.value > 0) observer_.received(advance->octets);
  if (advance->messages > 0) observer_.delivered(advance->messages);
  return true;
}

WorkerEnd Worker::conclude() {
  const std::string end = child_ ? processes::end_text(child_->reap()) : std::string();
  child_.reset();
  if (report_) return {std::move(*report_), {}};
  WorkerEnd none{{}, std::move(not_begun_)};
  if (none.not_begun) return none;
  if (cut_ || (stopped_ && !begun_)) {
    none.report.verdict = Verdict::stopped;
    none.report.problem = "stopped before anything was fetched";
    return none;
  }
  none.report.verdict = Verdict::process_lost;
  none.report.problem = "its process " + end;
  if (senseless_) none.report.problem = "its process was killed, since what it said made no sense";
  if (!start_failure_.empty()) none.report.problem = "its process could not be started: " + start_failure_;
  none.report.advice = "what was recorded holds, and the next run goes on from there";
  return none;
}

}  // namespace fermo::fetcher
