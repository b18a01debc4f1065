#include "tickets/seal.h"

#include <array>
#include <cstring>
#include <span>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "base/random.h"

namespace fermo::tickets {
namespace {

/// Where an SSL_CTX keeps its TicketKeySource.
int source_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

bool use_key(const TicketKey& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool sealing) {
  auto* mac_key = const_cast<std::byte*>(key.mac.data());  // OSSL_PARAM has no const form
  std::array<char, 7> digest = {"SHA256"};
  const std::array<OSSL_PARAM, 3> parameters = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key, key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
  const auto* cipher_key = reinterpret_cast<const unsigned char*>(key.cipher.data());
  return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, cipher_key, iv, sealing ? 1 : 0) == 1 &&
         EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
}

int seal(TicketKeySource& source, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  auto key = source.current();
  if (!key) return -1;
  std::memcpy(name, key->name.data(), key->name.size());
  fill_random(std::as_writable_bytes(std::span(iv, 16)));
  const bool ok = use_key(*key, iv, cipher, mac, true);
  OPENSSL_cleanse(&*key, sizeof(*key));
  return ok ? 1 : -1;
}

int open(TicketKeySource& source, const SSL* ssl, const unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
         EVP_MAC_CTX* mac) {
  TicketKey::Name wanted;
  std::memcpy(wanted.data(), name, wanted.size());
  auto found = source.find(wanted);
  if (!found) return 0;
  const bool ok = use_key(found->key, iv, cipher, mac, false);
  OPENSSL_cleanse(&found->key, sizeof(found->key));
  if (!ok) return -1;
  // A ticket of TLS 1.3 is used once (RFC 8446 §C.4), so each use brings a new one.
  return found->current && SSL_version(ssl) < TLS1_3_VERSION ? 1 : 2;
}

/// SSL_CTX_set_tlsext_ticket_key_evp_cb(3) says what each return value means.
int seal_or_open(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                 int sealing) {
  auto* source = static_cast<TicketKeySource*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), source_index()));
  return sealing == 1 ? seal(*source, name, iv, cipher, mac) : open(*source, ssl, name, iv, cipher, mac);
}

}  // namespace

bool seal_with(ssl_ctx_st* context, TicketKeySource& source) {
  return SSL_CTX_set_ex_data(context, source_index(), &source) == 1 &&
         SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &seal_or_open) == 1;
}

}  // namespace fermo::tickets
