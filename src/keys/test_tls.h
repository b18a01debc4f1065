#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/descriptor.h"
#include "keys/openssl_pointers.h"
#include "keys/remote_keys.h"

namespace fermo::keys::test {

using ContextPointer = std::unique_ptr<SSL_CTX, Releaser<SSL_CTX_free>>;
using SslPointer = std::unique_ptr<SSL, Releaser<SSL_free>>;

struct Pair {
  Descriptor ours;
  Descriptor theirs;
};

inline Pair socket_pair() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) std::abort();
  return {Descriptor(fds[0]), Descriptor(fds[1])};
}

/// What a handshake is to be like.
struct TlsCase {
  std::string name;
  int version = TLS1_3_VERSION;
  std::string ciphers = {};     ///< For TLS 1.2; they choose the kind of key too.
  std::string signatures = {};  ///< For TLS 1.3 they do.
};

inline std::vector<TlsCase> all_cases() {
  return {{"TLS 1.3 with RSA", TLS1_3_VERSION, {}, "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384"},
          {"TLS 1.3 with RSA and SHA-512", TLS1_3_VERSION, {}, "rsa_pss_rsae_sha512"},
          {"TLS 1.3 with ECDSA", TLS1_3_VERSION, {}, "ecdsa_secp256r1_sha256"},
          {"TLS 1.3 with Ed25519", TLS1_3_VERSION, {}, "ed25519"},
          {"TLS 1.2, ECDHE, RSA with PKCS #1", TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", "RSA+SHA256"},
          {"TLS 1.2, ECDHE, RSA with PSS", TLS1_2_VERSION, "ECDHE-RSA-AES256-GCM-SHA384", "rsa_pss_rsae_sha256"},
          {"TLS 1.2, DHE, RSA", TLS1_2_VERSION, "DHE-RSA-AES128-GCM-SHA256", {}},
          {"TLS 1.2, ECDHE, ECDSA", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDSA+SHA256"},
          {"TLS 1.2, ECDHE, ECDSA with SHA-384", TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDSA+SHA384"}};
}

inline ContextPointer server_context(const RemoteKeys& keys, const std::vector<Identity>& identities) {
  ContextPointer context(SSL_CTX_new_ex(keys.library(), nullptr, TLS_server_method()));
  SSL_CTX_set_dh_auto(context.get(), 1);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  for (const Identity& identity : identities) {
    if (SSL_CTX_use_certificate(context.get(), identity.chain.front().get()) != 1 ||
        SSL_CTX_use_PrivateKey(context.get(), identity.key.get()) != 1 ||
        SSL_CTX_check_private_key(context.get()) != 1) {
      ERR_print_errors_fp(stderr);
      return nullptr;
    }
  }
  return context;
}

/// Believes the certificates in `trusted_der` and no others.
inline ContextPointer client_context(const TlsCase& wanted, const std::vector<std::string>& trusted_der) {
  ContextPointer context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), wanted.version);
  SSL_CTX_set_max_proto_version(context.get(), wanted.version);
  if (!wanted.ciphers.empty()) SSL_CTX_set_cipher_list(context.get(), wanted.ciphers.c_str());
  if (!wanted.signatures.empty() && SSL_CTX_set1_sigalgs_list(context.get(), wanted.signatures.c_str()) != 1) {
    std::abort();
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  for (const std::string& der : trusted_der) {
    const auto* octets = reinterpret_cast<const unsigned char*>(der.data());
    const CertificatePointer certificate(d2i_X509(nullptr, &octets, static_cast<long>(der.size())));
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), certificate.get());
  }
  return context;
}

inline SslPointer connection(SSL_CTX* context, const Descriptor& socket, bool accepting) {
  SslPointer ssl(SSL_new(context));
  SSL_set_fd(ssl.get(), socket.get());
  accepting ? SSL_set_accept_state(ssl.get()) : SSL_set_connect_state(ssl.get());
  return ssl;
}

/// Why the last call failed; empty when nothing is known.
inline std::string tls_error() {
  std::array<char, 256> text{};
  const unsigned long error = ERR_peek_last_error();
  if (error == 0) return {};
  ERR_error_string_n(error, text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

}  // namespace fermo::keys::test
