#include <strings.h>

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/proverr.h>
#include <openssl/rsa.h>

#include "keys/remote_key.h"

// provider-signature(7) says what each function has to do. There is EVP_DigestSign in one piece, as libssl uses it.
namespace fermo::keys {
namespace {

struct Signing {
  const RemoteKey* key = nullptr;
  unsigned hash_bits = 0;
  Padding padding = Padding::none;
};

template <class Function>
void (*untyped(Function* function))() {
  return reinterpret_cast<void (*)()>(function);
}

void* new_signing(void*, const char*) {
  return new (std::nothrow) Signing;
}

void free_signing(void* signing) {
  delete static_cast<Signing*>(signing);
}

/// Nothing for a hash that TLS 1.2 and 1.3 do not sign with here.
std::optional<unsigned> hash_bits_of(const char* name) {
  struct Name {
    const char* name;
    unsigned bits;
  };
  static constexpr std::array<Name, 9> names = {{{"SHA2-256", 256},
                                                 {"SHA256", 256},
                                                 {"SHA-256", 256},
                                                 {"SHA2-384", 384},
                                                 {"SHA384", 384},
                                                 {"SHA-384", 384},
                                                 {"SHA2-512", 512},
                                                 {"SHA512", 512},
                                                 {"SHA-512", 512}}};
  if (name == nullptr || *name == '\0') return 0;
  const auto* const found =
      std::find_if(names.begin(), names.end(), [&](const Name& known) { return ::strcasecmp(known.name, name) == 0; });
  if (found == names.end()) return std::nullopt;
  return found->bits;
}

std::optional<Padding> padding_of(const OSSL_PARAM* parameter) {
  int number = 0;
  if (parameter->data_type != OSSL_PARAM_UTF8_STRING) {
    if (OSSL_PARAM_get_int(parameter, &number) != 1) return std::nullopt;
    if (number == RSA_PKCS1_PADDING) return Padding::pkcs1;
    return number == RSA_PKCS1_PSS_PADDING ? std::optional(Padding::pss) : std::nullopt;
  }
  const char* name = nullptr;
  if (OSSL_PARAM_get_utf8_string_ptr(parameter, &name) != 1) return std::nullopt;
  if (std::string_view(name) == OSSL_PKEY_RSA_PAD_MODE_PKCSV15) return Padding::pkcs1;
  return std::string_view(name) == OSSL_PKEY_RSA_PAD_MODE_PSS ? std::optional(Padding::pss) : std::nullopt;
}

/// RFC 8446 §4.2.3: the salt is as long as the digest. There is no other here.
bool is_digest_length(const OSSL_PARAM* parameter) {
  int number = 0;
  const char* name = nullptr;
  if (parameter->data_type != OSSL_PARAM_UTF8_STRING) {
    return OSSL_PARAM_get_int(parameter, &number) == 1 && number == RSA_PSS_SALTLEN_DIGEST;
  }
  return OSSL_PARAM_get_utf8_string_ptr(parameter, &name) == 1 &&
         std::string_view(name) == OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST;
}

int set_parameters(void* context, const OSSL_PARAM parameters[]) {
  auto* signing = static_cast<Signing*>(context);
  if (parameters == nullptr) return 1;
  if (const auto* const parameter = OSSL_PARAM_locate_const(parameters, OSSL_SIGNATURE_PARAM_PAD_MODE)) {
    const auto padding = padding_of(parameter);
    if (!padding || signing->key->kind != KeyKind::rsa) return 0;
    signing->padding = *padding;
  }
  const auto* const salt = OSSL_PARAM_locate_const(parameters, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
  return salt == nullptr || is_digest_length(salt) ? 1 : 0;
}

const OSSL_PARAM* settable_parameters(void*, void*) {
  static const OSSL_PARAM types[] = {OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, nullptr, 0),
                                     OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, nullptr, 0),
                                     OSSL_PARAM_END};
  return types;
}

int begin(void* context, const char* digest, void* key, const OSSL_PARAM parameters[]) {
  auto* signing = static_cast<Signing*>(context);
  const auto hash_bits = hash_bits_of(digest);
  if (!hash_bits || key == nullptr) return 0;
  signing->key = static_cast<const RemoteKey*>(key);
  signing->hash_bits = *hash_bits;
  signing->padding = signing->key->kind == KeyKind::rsa ? Padding::pkcs1 : Padding::none;
  return set_parameters(signing, parameters);
}

int complain(const char* why) {
  ERR_raise_data(ERR_LIB_PROV, PROV_R_FAILED_TO_SIGN, "%s", why);
  return 0;
}

/// With no place for the signature it tells how many octets it will have at most.
int sign(const Signing& signing, unsigned char* signature, std::size_t* octets, std::size_t octets_max,
         std::string_view content) {
  if (signature == nullptr) {
    *octets = static_cast<std::size_t>(EVP_PKEY_get_size(signing.key->public_key.get()));
    return 1;
  }
  const auto scheme = scheme_of({signing.key->kind, signing.padding, signing.hash_bits});
  if (!scheme) return complain("no signature scheme of TLS");
  const auto made = signing.key->signer->sign(signing.key->number, *scheme, content);
  if (!made) return complain(made.error().message().c_str());
  if (made->size() > octets_max) return complain("a signature of the wrong length");
  std::copy(made->begin(), made->end(), signature);
  *octets = made->size();
  return 1;
}

int sign_digest(void* context, unsigned char* signature, std::size_t* octets, std::size_t octets_max,
                const unsigned char* content, std::size_t content_octets) {
  try {
    return sign(*static_cast<const Signing*>(context), signature, octets, octets_max,
                {reinterpret_cast<const char*>(content), content_octets});
  } catch (const std::exception&) {  // C code called: no memory
    return complain("out of memory");
  }
}

const OSSL_DISPATCH functions[] = {{OSSL_FUNC_SIGNATURE_NEWCTX, untyped(&new_signing)},
                                   {OSSL_FUNC_SIGNATURE_FREECTX, untyped(&free_signing)},
                                   {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, untyped(&begin)},
                                   {OSSL_FUNC_SIGNATURE_DIGEST_SIGN, untyped(&sign_digest)},
                                   {OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, untyped(&set_parameters)},
                                   {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, untyped(&settable_parameters)},
                                   {0, nullptr}};

}  // namespace

const OSSL_DISPATCH* const remote_signature_functions = functions;

}  // namespace fermo::keys
