#pragma once

#include <memory>
#include <string>

#include "runtime/explained.h"
#include "runtime/file_identity.h"
#include "runtime/tls_identity.h"

struct ssl_ctx_st;

namespace fermo::runtime {

/// What every TLS connection of a server shares: certificate, key, protocol settings, session tickets. TLS 1.2 and 1.3
/// with the ciphers of Mozilla's intermediate profile 5.7; no renegotiation, no compression. A client that offers ALPN
/// without our protocol is turned away (RFC 7301 §3.2), which keeps web pages from being led here (ALPACA). Immutable;
/// thread-safe.
class TlsContext {
 public:
  /// `alpn_protocol` as registered with IANA: "pop3".
  static Explained<std::shared_ptr<const TlsContext>> make(std::shared_ptr<TlsIdentity> identity,
                                                           std::string alpn_protocol);
  /// With what stands in files.
  static Explained<std::shared_ptr<const TlsContext>> load(const CertificateFiles& files, std::string alpn_protocol);

  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* native() const;
  const std::string& alpn_protocol() const;
  /// Subject and end of validity, for the log; says so when the certificate has expired.
  const std::string& summary() const;

 private:
  class Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fermo::runtime
