#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "keys/openssl_pointers.h"
#include "keys/scheme.h"

namespace fermo::keys::test {

inline KeyPointer make_key(KeyKind kind) {
  switch (kind) {
    case KeyKind::rsa:
      return KeyPointer(EVP_RSA_gen(2048));
    case KeyKind::ec:
      return KeyPointer(EVP_EC_gen("P-256"));
    case KeyKind::ed25519:
      return KeyPointer(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  }
  return nullptr;
}

template <class Write>
std::string pem_of(Write write) {
  const BioPointer out(BIO_new(BIO_s_mem()));
  if (write(out.get()) != 1) std::abort();
  char* data = nullptr;
  const long octets = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(octets)};
}

/// A new key and a certificate that it signed itself.
struct TestIdentity {
  explicit TestIdentity(KeyKind kind) : key(make_key(kind)), certificate(X509_new()) {
    X509* const made = certificate.get();
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    X509_gmtime_adj(X509_getm_notBefore(made), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>("mail.example.org"), -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(made));
    X509_set_pubkey(made, key.get());
    if (X509_sign(made, key.get(), kind == KeyKind::ed25519 ? nullptr : EVP_sha256()) == 0) std::abort();
  }

  std::string certificate_pem() const {
    return pem_of([this](BIO* out) { return PEM_write_bio_X509(out, certificate.get()); });
  }
  std::string key_pem() const {
    return pem_of(
        [this](BIO* out) { return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }

  KeyPointer key;
  CertificatePointer certificate;
};

/// What a server of TLS 1.3 signs.
inline std::string certificate_verify() {
  return std::string(64, ' ') + "TLS 1.3, server CertificateVerify" + std::string(1, '\0') + std::string(32, 'h');
}

/// What a server of TLS 1.2 signs.
inline std::string ecdh_key_exchange() {
  return std::string(64, 'r') + std::string("\x03\x00\x1d\x20", 4) + std::string(32, 'p');
}

}  // namespace fermo::keys::test
