#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include "base/result.h"
#include "runtime/tls_context.h"
#include "runtime/tls_session.h"

namespace fermo::runtime {

/// One connection over TCP or a unix socket, in the clear or under TLS. At most one of its operations may be
/// under way at a time; all members are to be used on the thread of its executor. An operation never throws for what
/// the peer does.
class Stream {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  template <class T>
  using Awaitable = boost::asio::awaitable<T>;

  explicit Stream(Socket socket);

  /// Reads 1 to `into.size()` octets as soon as any are there; 0 when the peer has ended its side properly.
  Awaitable<Result<std::size_t>> read_some(std::span<char> into);

  /// Writes everything; `octets` must live until it is done. On an error some of it may have left.
  Awaitable<Result<void>> write_all(std::string_view octets);

  /// Does the server's side of the TLS handshake; every octet after it is under TLS. Call once.
  Awaitable<Result<void>> start_tls(std::shared_ptr<const TlsContext> context);

  /// Does the client's side and verifies that the server is `host`; certificate_problem() says why it is not. Call once.
  Awaitable<Result<void>> start_tls(std::shared_ptr<const TlsClientContext> context, std::string host);

  /// Tells the peer that nothing more will come (close_notify, FIN). It can still be read from.
  void finish_writing();

  /// After finish_writing(): drops what the peer still sends, until it ends its side, `octets_max` have come or
  /// cancel() is called.
  Awaitable<void> linger(std::size_t octets_max);

  /// From now on nothing waits: what can be done at once is still done, anything else ends with Error::cancelled.
  void cancel();

  /// Ends a read that is waiting, with Error::interrupted; nothing when none is.
  void interrupt_read();

  void close();

  bool tls_active() const { return tls_.has_value(); }
  /// Empty without TLS; see TlsSession::summary().
  std::string tls_summary() const { return tls_ ? tls_->summary() : std::string(); }
  std::optional<CertificateProblem> certificate_problem() const;
  /// See TlsSession::channel_binding().
  std::optional<std::string> channel_binding() const { return tls_ ? tls_->channel_binding() : std::nullopt; }
  /// Of the application, without TLS.
  std::uint64_t octets_in() const { return octets_in_; }
  std::uint64_t octets_out() const { return octets_out_; }
  boost::asio::any_io_executor executor() { return socket_.get_executor(); }

 private:
  Attempt try_read(std::span<char> into);
  Attempt try_write(std::string_view octets);
  Awaitable<Result<void>> shake_hands();
  Awaitable<error_code> wait(Attempt::Then then);
  Awaitable<void> give_way();

  Socket socket_;
  std::optional<TlsSession> tls_;
  std::uint64_t octets_in_ = 0;
  std::uint64_t octets_out_ = 0;
  unsigned turns_ = 0;  ///< Operations in a row that did not wait.
  bool cancelled_ = false;
  bool reading_ = false;
  bool interrupted_ = false;
};

}  // namespace fermo::runtime
