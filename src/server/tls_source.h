#pragma once

#include <memory>

#include <spdlog/fwd.h>

#include "config/config.h"
#include "runtime/explained.h"
#include "runtime/tls_context.h"

namespace fermo::server {

/// Makes what TLS connections of a server share. Thread-safe.
class TlsSource {
 public:
  virtual ~TlsSource() = default;
  /// As `config` says; what was made before stays good for the sessions that have it.
  virtual runtime::Explained<std::shared_ptr<const runtime::TlsContext>> load(const config::Config& config,
                                                                              spdlog::logger& log) = 0;
};

/// The files that `config` names, or a self-signed certificate, made when there is none yet, which the log says.
runtime::Explained<runtime::CertificateFiles> certificate_files(const config::Config& config, spdlog::logger& log);

/// The name of POP3 over TLS, by STLS or not, as registered with IANA (RFC 7301 §6).
inline constexpr const char* alpn_protocol = "pop3";

}  // namespace fermo::server
