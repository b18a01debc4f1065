#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace fermo::runtime::test {

/// The client's side of TLS for tests, straight on OpenSSL, so that our own code is not held against itself. Works on
/// blocking and non-blocking descriptors.
class TlsClient {
 public:
  struct Options {
    int version_min = TLS1_2_VERSION;
    int version_max = TLS1_3_VERSION;
    std::string alpn = {};     ///< One protocol; empty: no ALPN.
    std::string ciphers = {};  ///< For TLS 1.2; empty: OpenSSL's own. "@SECLEVEL=0" makes old versions possible.
  };
  using Session = std::shared_ptr<SSL_SESSION>;

  TlsClient(int fd, const Options& options, const Session& resumed = nullptr)
      : context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free) {
    SSL_CTX_set_min_proto_version(context_.get(), options.version_min);
    SSL_CTX_set_max_proto_version(context_.get(), options.version_max);
    if (!options.ciphers.empty()) SSL_CTX_set_cipher_list(context_.get(), options.ciphers.c_str());
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_app_data(context_.get(), this);
    SSL_CTX_sess_set_new_cb(context_.get(), &keep_session);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd);
    SSL_set_connect_state(ssl_.get());
    if (resumed) SSL_set_session(ssl_.get(), resumed.get());
    if (options.alpn.empty()) return;
    const std::string list = static_cast<char>(options.alpn.size()) + options.alpn;
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(list.data()),
                        static_cast<unsigned>(list.size()));
  }
  /// Without this OpenSSL would take the connection for broken off, and its session for one that cannot be resumed.
  ~TlsClient() { SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  /// 1: done; 0: not yet (non-blocking); -1: failed, error() says why.
  int handshake() { return sort(SSL_do_handshake(ssl_.get())); }

  /// Octets read; empty at the end of the connection, after an error, or when there is nothing yet (non-blocking).
  std::string read() {
    std::string piece(16384, '\0');
    std::size_t octets = 0;
    const int outcome = sort(SSL_read_ex(ssl_.get(), piece.data(), piece.size(), &octets));
    piece.resize(outcome == 1 ? octets : 0);
    return piece;
  }

  bool write(std::string_view octets) {
    std::size_t written = 0;
    return octets.empty() || sort(SSL_write_ex(ssl_.get(), octets.data(), octets.size(), &written)) == 1;
  }

  /// Says that new keys are used from now on (RFC 8446 §4.6.3).
  bool update_keys() {
    return SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1 && SSL_do_handshake(ssl_.get()) == 1;
  }
  int renegotiate() { return sort(SSL_renegotiate(ssl_.get()) == 1 ? SSL_do_handshake(ssl_.get()) : -1); }
  void close_notify() { SSL_shutdown(ssl_.get()); }
  bool close_notify_received() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  std::string version() const { return SSL_get_version(ssl_.get()); }
  std::string alpn() const {
    const unsigned char* chosen = nullptr;
    unsigned octets = 0;
    SSL_get0_alpn_selected(ssl_.get(), &chosen, &octets);
    return {reinterpret_cast<const char*>(chosen), octets};
  }
  std::shared_ptr<X509> certificate() const { return {SSL_get1_peer_certificate(ssl_.get()), &X509_free}; }
  /// The last session that the server gave a ticket for.
  Session session() const { return session_; }
  const std::string& error() const { return error_; }

 private:
  int sort(int returned) {
    if (returned == 1) return 1;
    const int kind = SSL_get_error(ssl_.get(), returned);
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return 0;
    const char* reason = ERR_reason_error_string(ERR_get_error());
    error_ = reason != nullptr ? reason : "closed";
    ERR_clear_error();
    return -1;
  }

  static int keep_session(SSL* ssl, SSL_SESSION* session) {
    auto* self = static_cast<TlsClient*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    self->session_ = Session(session, &SSL_SESSION_free);
    return 1;
  }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  std::unique_ptr<SSL, Free> ssl_;
  Session session_;
  std::string error_;
};

}  // namespace fermo::runtime::test
