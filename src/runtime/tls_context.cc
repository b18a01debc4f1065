#include "runtime/tls_context.h"

#include <array>
#include <ctime>
#include <string_view>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/limits.h"
#include "runtime/error.h"
#include "tickets/seal.h"
#include "tickets/ticket_keys.h"

namespace fermo::runtime {
namespace {

/// Mozilla's intermediate profile, version 5.7, for TLS 1.2; TLS 1.3 has only good ones.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroups = "X25519:P-256:P-384";

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using ContextPointer = std::unique_ptr<SSL_CTX, FreeContext>;

std::string reason() {
  return take_openssl_error(make_error_code(Error::cancelled)).message();
}

std::string day_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "unknown";
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
  return text.data();
}

std::string summary_of(const X509* certificate) {
  std::array<char, 256> subject{};
  X509_NAME_oneline(X509_get_subject_name(certificate), subject.data(), static_cast<int>(subject.size()));
  const ASN1_TIME* end = X509_get0_notAfter(certificate);
  const bool expired = X509_cmp_current_time(end) < 0;
  return std::string(subject.data()) + (expired ? ", EXPIRED on " : ", valid until ") + day_of(end);
}

void set_protocol(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);  // RFC 8314 §4.1, RFC 8996
  SSL_CTX_set_cipher_list(context, kCiphers);
  SSL_CTX_set1_groups_list(context, kGroups);
  SSL_CTX_set_dh_auto(context, 1);
  // Passwords come in records: OpenSSL wipes each from its buffer once it is read.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT);
  // What is not for the application ends a read, so that a peer cannot keep one going with nothing else.
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
  // A connection that waits for its next command holds no record buffers (34 KiB of them).
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

}  // namespace

class TlsContext::Impl {
 public:
  Impl(std::shared_ptr<TlsIdentity> identity, std::string alpn_protocol)
      : identity_(std::move(identity)),
        context_(SSL_CTX_new_ex(identity_->library(), nullptr, TLS_server_method())),
        alpn_protocol_(std::move(alpn_protocol)) {}

  std::string load() {
    if (!context_) return "OpenSSL cannot make a TLS context: " + reason();
    if (std::string problem = identity_->install(context_.get()); !problem.empty()) return problem;
    summary_ = summary_of(SSL_CTX_get0_certificate(context_.get()));
    set_protocol(context_.get());
    SSL_CTX_set_alpn_select_cb(context_.get(), &select_alpn, this);
    if (!set_resumption()) return "OpenSSL cannot make a TLS context: " + reason();
    return {};
  }

  SSL_CTX* context() const { return context_.get(); }
  const std::string& alpn_protocol() const { return alpn_protocol_; }
  const std::string& summary() const { return summary_; }

 private:
  /// Resumption by tickets alone: a session cache would cost memory for each client and a lock for each handshake.
  bool set_resumption() {
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
    static constexpr std::array<unsigned char, 5> id = {'f', 'e', 'r', 'm', 'o'};
    SSL_CTX_set_session_id_context(context_.get(), id.data(), id.size());
    SSL_CTX_set_num_tickets(context_.get(), 1);  // POP3 clients make one connection after the other
    return tickets::seal_with(context_.get(), identity_->ticket_keys());
  }

  static int select_alpn(SSL*, const unsigned char** chosen, unsigned char* chosen_octets, const unsigned char* offered,
                         unsigned int offered_octets, void* self) {
    const std::string& ours = static_cast<const Impl*>(self)->alpn_protocol_;
    std::string_view list(reinterpret_cast<const char*>(offered), offered_octets);
    while (!list.empty()) {
      const std::size_t octets = static_cast<unsigned char>(list.front());
      if (octets >= list.size()) break;
      if (list.substr(1, octets) == ours) {
        *chosen = reinterpret_cast<const unsigned char*>(list.data() + 1);
        *chosen_octets = static_cast<unsigned char>(octets);
        return SSL_TLSEXT_ERR_OK;
      }
      list.remove_prefix(1 + octets);
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  std::shared_ptr<TlsIdentity> identity_;  ///< Before context_, which uses it to its end.
  ContextPointer context_;
  std::string alpn_protocol_;
  std::string summary_;
};

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

Explained<std::shared_ptr<const TlsContext>> TlsContext::make(std::shared_ptr<TlsIdentity> identity,
                                                              std::string alpn_protocol) {
  using Outcome = Explained<std::shared_ptr<const TlsContext>>;
  auto impl = std::make_unique<Impl>(std::move(identity), std::move(alpn_protocol));
  if (std::string problem = impl->load(); !problem.empty()) return Outcome::problem(std::move(problem));
  return Outcome(std::shared_ptr<const TlsContext>(new TlsContext(std::move(impl))));
}

Explained<std::shared_ptr<const TlsContext>> TlsContext::load(const CertificateFiles& files,
                                                              std::string alpn_protocol) {
  return make(identity_of(files), std::move(alpn_protocol));
}

ssl_ctx_st* TlsContext::native() const {
  return impl_->context();
}
const std::string& TlsContext::alpn_protocol() const {
  return impl_->alpn_protocol();
}
const std::string& TlsContext::summary() const {
  return impl_->summary();
}

}  // namespace fermo::runtime
