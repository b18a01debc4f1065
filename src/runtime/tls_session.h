#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/tls_client_context.h"
#include "runtime/tls_context.h"
#include "runtime/tls_socket.h"

struct ssl_st;

namespace fermo::runtime {

/// What one try on a non-blocking descriptor came to.
struct Attempt {
  enum class Then {
    done,           ///< `outcome` says how it went.
    wait_readable,  ///< Try again when the descriptor is readable,
    wait_writable,  ///< or writable.
  };
  Then then;
  Result<std::size_t> outcome;

  static Attempt done(Result<std::size_t> outcome) { return {Then::done, outcome}; }
  static Attempt wait(Then then) { return {then, std::size_t{0}}; }
};

/// One side of TLS on a non-blocking socket: OpenSSL reads and writes the descriptor itself, so octets are
/// copied once. Every member tries once and never waits, and takes one record at most, whatever that holds. Not
/// thread-safe.
class TlsSession {
 public:
  /// Nothing when OpenSSL is out of memory. Does not own `fd`.
  static std::optional<TlsSession> accept(std::shared_ptr<const TlsContext> context, int fd);

  /// The client's side, which verifies that the server is `host`. As above.
  static std::optional<TlsSession> connect(std::shared_ptr<const TlsClientContext> context, const std::string& host,
                                           int fd);

  /// The client's side has verified the certificate when it is done.
  Attempt handshake();
  /// 0 octets: the peer said close_notify. Error::truncated: it closed without.
  Attempt read(std::span<char> into);
  Attempt write(std::string_view octets);
  /// Says close_notify, if that is possible at once and the session has not failed.
  void close();

  /// "TLSv1.3 TLS_AES_256_GCM_SHA384", with " resumed" when it was; for the log.
  std::string summary() const;

  /// On the client's side: why the handshake failed, when that was for the certificate.
  const std::optional<CertificateProblem>& certificate_problem() const { return *problem_; }
  /// What ties a login to this connection (RFC 9266); nothing before TLS 1.3.
  std::optional<std::string> channel_binding() const;

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
  };

  using Problem = std::optional<CertificateProblem>;

  TlsSession(std::shared_ptr<const void> context, ssl_st* ssl, int fd)
      : context_(std::move(context)),
        problem_(std::make_unique<Problem>()),
        socket_(std::make_unique<TlsSocket>(fd)),
        ssl_(ssl) {}
  bool use_socket();
  void begin_attempt();
  Attempt attempt(int returned, std::size_t octets);

  std::shared_ptr<const void> context_;  ///< OpenSSL's callbacks use it,
  std::unique_ptr<Problem> problem_;     ///< and this,
  std::unique_ptr<TlsSocket> socket_;    ///< and this, so they stay where they are.
  std::unique_ptr<ssl_st, Free> ssl_;
  bool failed_ = false;  ///< After a fatal error nothing more may be said, not even close_notify.
};

}  // namespace fermo::runtime
