#include "server/connection.h"

#include <array>
#include <cstring>
#include <exception>
#include <span>

#include <spdlog/spdlog.h>

#include "base/limits.h"
#include "runtime/error.h"

namespace fermo::server {
namespace {

/// An idle connection keeps no more than this of its output buffer.
constexpr std::size_t kIdleOutputOctets = 1024;

/// One for each thread, so one for each core: what is read goes into a protocol core before anything else runs on the
/// thread.
std::span<char> input_buffer() {
  thread_local std::array<char, limits::input_octets_at_once> buffer;
  return buffer;
}

}  // namespace

std::string_view service_name(config::Protocol protocol) {
  switch (protocol) {
    case config::Protocol::pop3:
      return "pop3";
    case config::Protocol::pop3s:
      return "pop3s";
    case config::Protocol::lmtp:
      return "lmtp";
  }
  return "unknown";
}

Connection::Connection(Accepted accepted)
    : environment_(accepted.environment),
      settings_(std::move(accepted.settings)),
      peer_(std::move(accepted.peer)),
      protocol_(accepted.protocol),
      session_id_(std::move(accepted.session_id)),
      ticket_(std::move(accepted.ticket)),
      stream_(std::move(accepted.socket)),
      watchdog_(stream_.executor(), [this] { expire(); }) {}

Connection::Awaitable<void> Connection::run() {
  try {
    co_await converse();
  } catch (const std::exception& exception) {
    ended("failure", exception.what());
  }
  try {
    co_await close();
    co_await release();
  } catch (const std::exception& exception) {
    ended("failure", exception.what());
  }
  log_end();
}

void Connection::shut_down() {
  shut_down_core();
  told_to_end_ = true;
  stream_.interrupt_read();
}

void Connection::abort() {
  aborted_ = true;
  shut_down_core();
  stream_.cancel();
}

void Connection::evict() {
  ended("evicted", "too many connections, and this one had not logged in");
  abort();
}

void Connection::expire() {
  if (working_) return;
  timed_out_ = true;
  stream_.cancel();
}

Connection::Awaitable<Result<void>> Connection::write() {
  if (output_.empty()) co_return Result<void>();
  watch();
  Result<void> outcome = co_await stream_.write_all(output_);
  output_.clear();
  if (output_.capacity() > kIdleOutputOctets) output_ = std::string();
  co_return outcome;
}

Connection::Awaitable<bool> Connection::flush() {
  const Result<void> written = co_await write();
  if (!written) ended_by(written.error());
  co_return written.has_value();
}

Connection::Awaitable<bool> Connection::send(std::string octets) {
  queue(octets);
  if (!output_full()) co_return true;
  co_return co_await flush();
}

Connection::Awaitable<bool> Connection::take_input() {
  const bool flushed = co_await flush();
  if (!flushed) co_return false;
  // A peer that has always said more by now never has this wait, which is all that the deadline can end.
  if (timed_out_) {
    expire_core();
    co_return true;
  }
  const Result<std::string_view> octets = co_await read();
  if (octets) {
    octets->empty() ? end_of_input() : receive(*octets);
    co_return true;
  }
  if (octets.error() == runtime::Error::interrupted) co_return true;  // shut_down() has told the core
  if (timed_out_) {
    expire_core();
    co_return true;
  }
  ended_by(octets.error());
  co_return false;
}

Connection::Awaitable<void> Connection::finish(std::string_view how, bool cut_short) {
  const Result<void> written = co_await write();
  ended(how, written ? std::string() : written.error().message());
  lingers_ = cut_short;
}

/// Error::interrupted: shut_down() was called, the core has a new step. The octets live in a buffer that all
/// connections of the core share: they are used before the next co_await.
Connection::Awaitable<Result<std::string_view>> Connection::read() {
  if (std::exchange(told_to_end_, false)) co_return make_error_code(runtime::Error::interrupted);
  watch();
  const std::span<char> buffer = input_buffer();
  Result<std::size_t> octets = co_await stream_.read_some(buffer);
  if (!octets) co_return octets.error();
  co_return std::string_view(buffer.data(), *octets);
}

void Connection::forget_input(std::string_view octets) {
  ::explicit_bzero(input_buffer().data(), octets.size());
}

Connection::Awaitable<Result<void>> Connection::start_tls() {
  watch();
  Result<void> outcome = co_await stream_.start_tls(settings_->tls);
  if (outcome) tls_summary_ = stream_.tls_summary();
  co_return outcome;
}

void Connection::ended(std::string_view how, std::string why) {
  if (!end_.empty()) return;
  end_ = how;
  why_ = std::move(why);
}

void Connection::ended_by(const error_code& failure) {
  if (aborted_) return ended("shut-down");
  if (timed_out_) return ended("timed-out");
  ended("disconnected", failure.message());
}

Connection::Awaitable<void> Connection::close() {
  stream_.finish_writing();
  if (lingers_) {
    watchdog_.set_from_now(limits::lingering_time_max);
    co_await stream_.linger(limits::lingering_octets_max);
  }
  watchdog_.disarm();
  stream_.close();
}

void Connection::log_end() {
  const auto lasted = runtime::Watchdog::Clock::now() - started_at_;
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(lasted).count();
  LogLine line(settings_->config.log_format, "session");
  line.add("id", session_id_);
  line.add("service", service_name(protocol_));
  line.add("peer", peer_.address ? peer_.text() : std::string("unix"));
  line.add("tls", tls_summary_.empty() ? std::string("no") : tls_summary_);
  describe(line);
  line.add("octets_in", stream_.octets_in());
  line.add("octets_out", stream_.octets_out());
  line.add("milliseconds", static_cast<std::uint64_t>(milliseconds));
  line.add("end", end_);
  if (!why_.empty()) line.add("why", why_);
  environment_.services.log->info("{}", line.finish());
}

}  // namespace fermo::server
