#include "fetcher/blocking_link.h"

#include <exception>
#include <optional>
#include <span>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "base/limits.h"
#include "fetcher/connect.h"
#include "runtime/stream.h"
#include "runtime/watchdog.h"

namespace fermo::fetcher {

namespace asio = boost::asio;
using runtime::Stream;

class BlockingLink::Impl {
 public:
  /// Runs `work` to its end on this thread.
  template <class T>
  Result<T> run(asio::awaitable<Result<T>> work) {
    std::optional<Result<T>> outcome;
    std::exception_ptr thrown;
    bool ended = false;
    context_.restart();
    asio::co_spawn(context_, keep(std::move(work), &outcome), [&](std::exception_ptr exception) {
      thrown = std::move(exception);
      ended = true;
    });
    // Not run(): the watchdog's timer may have long to go.
    while (!ended && context_.run_one() > 0) {
    }
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*outcome);
  }

  /// The same, ended with an error when it takes longer than `time_max`.
  template <class T>
  Result<T> run_within(std::chrono::seconds time_max, asio::awaitable<Result<T>> work) {
    watchdog_->set_from_now(time_max);
    auto outcome = run(std::move(work));
    watchdog_->disarm();
    return outcome;
  }

  Result<void> adopt(Result<Stream::Socket> socket) {
    if (!socket) return socket.error();
    stream_.emplace(std::move(*socket));
    watchdog_.emplace(context_.get_executor(), [this] {
      timed_out_ = true;
      stream_->cancel();
    });
    return {};
  }

  template <class T>
  static asio::awaitable<void> keep(asio::awaitable<Result<T>> work, std::optional<Result<T>>* outcome) {
    Result<T> result = co_await std::move(work);
    outcome->emplace(std::move(result));
  }

  asio::io_context context_{1};
  std::optional<Stream> stream_;
  std::optional<runtime::Watchdog> watchdog_;
  std::string buffer_ = std::string(limits::input_octets_at_once, '\0');
  bool timed_out_ = false;
};

BlockingLink::BlockingLink() : impl_(std::make_unique<Impl>()) {}
BlockingLink::~BlockingLink() = default;

Result<void> BlockingLink::connect(const std::string& host, std::uint16_t port, std::chrono::seconds time_max) {
  Connector connector(impl_->context_.get_executor());
  return impl_->adopt(impl_->run(connector.connect(host, port, std::nullopt, time_max)));
}

Result<void> BlockingLink::connect(const std::filesystem::path& socket) {
  if (socket.native().size() >= sizeof(sockaddr_un::sun_path)) {
    return boost::system::errc::make_error_code(boost::system::errc::filename_too_long);
  }
  error_code failure;
  asio::local::stream_protocol::socket local(impl_->context_);
  local.connect(asio::local::stream_protocol::endpoint(socket.native()), failure);
  if (failure) return failure;
  return impl_->adopt(Stream::Socket(std::move(local)));
}

Result<void> BlockingLink::start_tls(std::shared_ptr<const runtime::TlsClientContext> context, const std::string& host,
                                     std::chrono::seconds time_max) {
  return impl_->run_within(time_max, impl_->stream_->start_tls(std::move(context), host));
}

Result<void> BlockingLink::write(std::string_view octets, std::chrono::seconds time_max) {
  return impl_->run_within(time_max, impl_->stream_->write_all(octets));
}

Result<std::string_view> BlockingLink::read(std::chrono::seconds time_max) {
  const auto octets = impl_->run_within(time_max, impl_->stream_->read_some(std::span<char>(impl_->buffer_)));
  if (!octets) return octets.error();
  return std::string_view(impl_->buffer_).substr(0, *octets);
}

void BlockingLink::close() {
  if (!impl_->stream_) return;
  impl_->stream_->finish_writing();
  impl_->stream_->close();
}

bool BlockingLink::timed_out() const {
  return impl_->timed_out_;
}

std::optional<runtime::CertificateProblem> BlockingLink::certificate_problem() const {
  return impl_->stream_ ? impl_->stream_->certificate_problem() : std::nullopt;
}

sasl::ChannelBinding BlockingLink::channel_binding() const {
  auto exported = impl_->stream_->channel_binding();
  if (!exported) return {};
  return {sasl::ChannelBinding::Type::tls_exporter, std::move(*exported)};
}

}  // namespace fermo::fetcher
