#include "keys/key_ring.h"

#include <optional>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/limits.h"
#include "keys/error.h"
#include "keys/tls_content.h"

namespace fermo::keys {
namespace {

BioPointer reader_of(std::string_view text) {
  return BioPointer(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// A key that asks for a passphrase would stop the start of the program at a prompt.
int refuse_passphrase(char*, int, int, void*) {
  return -1;
}

std::optional<std::string> der_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int octets = i2d_X509(certificate, &der);
  if (octets <= 0) return std::nullopt;
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(octets));
  OPENSSL_free(der);
  return text;
}

/// Empty when it is not a chain within the limits.
std::vector<CertificatePointer> parse_chain(std::string_view pem) {
  std::vector<CertificatePointer> chain;
  const BioPointer in = reader_of(pem);
  while (in && chain.size() <= limits::keys_chain_max) {
    CertificatePointer certificate(PEM_read_bio_X509(in.get(), nullptr, &refuse_passphrase, nullptr));
    if (!certificate) break;
    chain.push_back(std::move(certificate));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end || chain.size() > limits::keys_chain_max) chain.clear();
  return chain;
}

const char* digest_name(unsigned hash_bits) {
  switch (hash_bits) {
    case 256:
      return "SHA256";
    case 384:
      return "SHA384";
    case 512:
      return "SHA512";
    default:
      return nullptr;
  }
}

bool set_padding(EVP_PKEY_CTX* context, Padding padding) {
  switch (padding) {
    case Padding::none:
      return true;
    case Padding::pkcs1:
      return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    case Padding::pss:  // RFC 8446 §4.2.3: the salt is as long as the digest
      return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
  }
  return false;
}

/// PKCS #1 v1.5 is for TLS 1.2 only (RFC 8446 §4.2.3).
bool may_sign(KeyKind kind, const SchemeParts& parts, std::string_view content) {
  if (parts.kind != kind) return false;
  switch (tls_content_of(content)) {
    case TlsContent::none:
      return false;
    case TlsContent::certificate_verify:
      return parts.padding != Padding::pkcs1;
    case TlsContent::key_exchange:
      return true;
  }
  return false;
}

Result<std::string> sign_with(EVP_PKEY* key, const SchemeParts& parts, std::string_view content) {
  const DigestPointer digest(EVP_MD_CTX_new());
  EVP_PKEY_CTX* context = nullptr;
  const auto* octets = reinterpret_cast<const unsigned char*>(content.data());
  std::string signature(limits::keys_signature_octets_max, '\0');
  std::size_t signature_octets = signature.size();
  const bool ok = digest &&
                  EVP_DigestSignInit_ex(digest.get(), &context, digest_name(parts.hash_bits), nullptr, nullptr, key,
                                        nullptr) == 1 &&
                  set_padding(context, parts.padding) &&
                  EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(signature.data()), &signature_octets,
                                 octets, content.size()) == 1;
  ERR_clear_error();
  if (!ok) return Error::failed;
  signature.resize(signature_octets);
  return signature;
}

}  // namespace

std::optional<KeyKind> kind_of(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) return KeyKind::rsa;
  if (EVP_PKEY_is_a(key, "EC") == 1) return KeyKind::ec;
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return KeyKind::ed25519;
  return std::nullopt;
}

Result<void> KeyRing::add(std::string_view chain_pem, std::string_view key_pem) {
  if (entries_.size() >= limits::keys_max) return Error::too_many_keys;
  const auto certificates = parse_chain(chain_pem);
  if (certificates.empty()) return Error::bad_certificate;
  std::vector<std::string> chain;
  for (const auto& certificate : certificates) {
    auto der = der_of(certificate.get());
    if (!der || der->size() > limits::keys_certificate_octets_max) return Error::bad_certificate;
    chain.push_back(std::move(*der));
  }
  const BioPointer in = reader_of(key_pem);
  KeyPointer key(in ? PEM_read_bio_PrivateKey(in.get(), nullptr, &refuse_passphrase, nullptr) : nullptr);
  const auto kind = key ? kind_of(key.get()) : std::nullopt;
  const bool belongs = kind && X509_check_private_key(certificates.front().get(), key.get()) == 1;
  ERR_clear_error();
  if (!kind || EVP_PKEY_get_size(key.get()) > static_cast<int>(limits::keys_signature_octets_max))
    return Error::bad_key;
  if (!belongs) return Error::wrong_key;
  entries_.push_back({std::move(key), *kind, std::move(chain)});
  return {};
}

Result<std::vector<std::string>> KeyRing::chain(KeyNumber key) const {
  if (key >= entries_.size()) return Error::no_such_key;
  return entries_[key].chain;
}

Result<std::string> KeyRing::sign(KeyNumber key, Scheme scheme, std::string_view content) const {
  if (key >= entries_.size()) return Error::no_such_key;
  const Entry& entry = entries_[key];
  const auto parts = parts_of(scheme);
  if (!parts || !may_sign(entry.kind, *parts, content)) return Error::not_allowed;
  return sign_with(entry.key.get(), *parts, content);
}

}  // namespace fermo::keys
