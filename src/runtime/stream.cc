#include "runtime/stream.h"

#include <array>
#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/limits.h"
#include "runtime/error.h"

namespace fermo::runtime {
namespace {

namespace asio = boost::asio;

Attempt sort(ssize_t returned, Attempt::Then when_blocked) {
  if (returned >= 0) return Attempt::done(static_cast<std::size_t>(returned));
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return Attempt::wait(when_blocked);
  return Attempt::done(error_code(errno, boost::system::system_category()));
}

}  // namespace

Stream::Stream(Socket socket) : socket_(std::move(socket)) {
  socket_.native_non_blocking(true);
}

Attempt Stream::try_read(std::span<char> into) {
  if (tls_) return tls_->read(into);
  return sort(::recv(socket_.native_handle(), into.data(), into.size(), 0), Attempt::Then::wait_readable);
}

Attempt Stream::try_write(std::string_view octets) {
  if (tls_) return tls_->write(octets);
  return sort(::send(socket_.native_handle(), octets.data(), octets.size(), MSG_NOSIGNAL),
              Attempt::Then::wait_writable);
}

Stream::Awaitable<error_code> Stream::wait(Attempt::Then then) {
  turns_ = 0;
  if (cancelled_) co_return make_error_code(Error::cancelled);
  if (std::exchange(interrupted_, false)) co_return make_error_code(Error::interrupted);
  const auto readiness = then == Attempt::Then::wait_readable ? Socket::wait_read : Socket::wait_write;
  error_code failure;
  co_await socket_.async_wait(readiness, asio::redirect_error(asio::use_awaitable, failure));
  if (cancelled_) co_return make_error_code(Error::cancelled);
  if (std::exchange(interrupted_, false)) co_return make_error_code(Error::interrupted);
  co_return failure;
}

/// Lets other connections of this core have their turn.
Stream::Awaitable<void> Stream::give_way() {
  turns_ = 0;
  co_await asio::post(socket_.get_executor(), asio::use_awaitable);
}

Stream::Awaitable<Result<std::size_t>> Stream::read_some(std::span<char> into) {
  if (++turns_ > limits::stream_turns_max) co_await give_way();
  for (;;) {
    Attempt attempt = try_read(into);
    if (attempt.then == Attempt::Then::done) {
      if (attempt.outcome) octets_in_ += *attempt.outcome;
      co_return attempt.outcome;
    }
    reading_ = true;
    const error_code failure = co_await wait(attempt.then);
    reading_ = false;
    if (failure) co_return failure;
  }
}

Stream::Awaitable<Result<void>> Stream::write_all(std::string_view octets) {
  while (!octets.empty()) {
    if (++turns_ > limits::stream_turns_max) co_await give_way();
    Attempt attempt = try_write(octets);
    if (attempt.then == Attempt::Then::done) {
      if (!attempt.outcome) co_return attempt.outcome.error();
      octets_out_ += *attempt.outcome;
      octets.remove_prefix(*attempt.outcome);
      continue;
    }
    const error_code failure = co_await wait(attempt.then);
    if (failure) co_return failure;
  }
  co_return Result<void>();
}

Stream::Awaitable<Result<void>> Stream::start_tls(std::shared_ptr<const TlsContext> context) {
  tls_ = TlsSession::accept(std::move(context), socket_.native_handle());
  return shake_hands();
}

Stream::Awaitable<Result<void>> Stream::start_tls(std::shared_ptr<const TlsClientContext> context, std::string host) {
  tls_ = TlsSession::connect(std::move(context), host, socket_.native_handle());
  return shake_hands();
}

std::optional<CertificateProblem> Stream::certificate_problem() const {
  return tls_ ? tls_->certificate_problem() : std::nullopt;
}

Stream::Awaitable<Result<void>> Stream::shake_hands() {
  if (!tls_) co_return error_code(ENOMEM, boost::system::system_category());
  for (;;) {
    Attempt attempt = tls_->handshake();
    if (attempt.then == Attempt::Then::done) {
      if (!attempt.outcome) co_return attempt.outcome.error();
      co_return Result<void>();
    }
    const error_code failure = co_await wait(attempt.then);
    if (failure) co_return failure;
  }
}

void Stream::finish_writing() {
  if (tls_) tls_->close();
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

Stream::Awaitable<void> Stream::linger(std::size_t octets_max) {
  std::array<char, 4096> dropped;
  std::size_t octets = 0;
  while (octets < octets_max) {
    const ssize_t returned = ::recv(socket_.native_handle(), dropped.data(), dropped.size(), 0);
    Attempt attempt = sort(returned, Attempt::Then::wait_readable);
    if (attempt.then == Attempt::Then::done) {
      if (!attempt.outcome || *attempt.outcome == 0) co_return;
      octets += *attempt.outcome;
      continue;
    }
    const error_code failure = co_await wait(attempt.then);
    if (failure) co_return;
  }
}

void Stream::cancel() {
  cancelled_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

void Stream::interrupt_read() {
  if (!reading_) return;
  interrupted_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

void Stream::close() {
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace fermo::runtime
