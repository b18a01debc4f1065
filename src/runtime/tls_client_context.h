#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/explained.h"

struct ssl_ctx_st;
struct ssl_st;

namespace fermo::runtime {

/// SHA-256 over a certificate's SubjectPublicKeyInfo (RFC 7469 §2.4). It stays the same when a certificate is renewed
/// with the same key.
using PublicKeyPin = std::array<std::uint8_t, 32>;

/// "sha256//BASE64" as curl has it, 64 hexadecimal digits with or without colons, or BASE64 alone.
std::optional<PublicKeyPin> parse_pin(std::string_view text);
/// "sha256//BASE64".
std::string text_of(const PublicKeyPin& pin);

/// Whom a client believes that a server is the one it asked for.
struct TlsTrust {
  /// A PEM file of certificates that vouch for servers, or are a server's own; empty: the system's authorities.
  std::filesystem::path authorities = {};
  /// The server's key must be one of these, if there are any. That replaces the word of an authority, so a self-signed
  /// certificate will do, unless `authorities` is given; host name and dates are verified in any case.
  std::vector<PublicKeyPin> pins = {};
};

/// What a certificate says of itself. Written by the peer; fit for a terminal.
struct CertificateFacts {
  std::string names;        ///< Whom it is for.
  std::string issuer;       ///< Who issued it.
  std::string not_before;   ///< YYYY-MM-DD.
  std::string not_after;    ///< YYYY-MM-DD.
  std::string fingerprint;  ///< SHA-256 of the whole of it: AA:BB:…, as browsers and `openssl x509` show it.
};

/// Why a server's certificate was refused.
struct CertificateProblem {
  enum class Kind { wrong_host, expired, not_yet_valid, self_signed, unknown_issuer, wrong_key, other };
  Kind kind;
  std::string text;                 ///< What is wrong, for a person; one clause without a full stop.
  std::optional<PublicKeyPin> key;  ///< The one that the server showed.
  CertificateFacts facts = {};      ///< Of the server's own.
};

/// What every TLS connection of a client shares. TLS 1.2 and 1.3; certificates are always verified. Immutable;
/// thread-safe.
class TlsClientContext {
 public:
  /// `alpn_protocol` as registered with IANA: "pop3"; empty where there is none (SMTP).
  static Explained<std::shared_ptr<const TlsClientContext>> load(TlsTrust trust, std::string_view alpn_protocol);

  ~TlsClientContext();
  TlsClientContext(const TlsClientContext&) = delete;
  TlsClientContext& operator=(const TlsClientContext&) = delete;

  /// Prepares one connection to be verified against `host`, a name or an address. What is wrong with the certificate is
  /// put into `*problem`, which must outlive `ssl`. False when OpenSSL is out of memory.
  bool prepare(ssl_st* ssl, const std::string& host, std::optional<CertificateProblem>* problem) const;

  ssl_ctx_st* native() const;

 private:
  class Impl;
  explicit TlsClientContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fermo::runtime
