#include "keys/remote_keys.h"

#include <utility>

#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "keys/key_ring.h"
#include "keys/remote_key.h"

namespace fermo::keys {
namespace {

using ProviderPointer = std::unique_ptr<OSSL_PROVIDER, Releaser<OSSL_PROVIDER_unload>>;

CertificatePointer parse(OSSL_LIB_CTX* library, const std::string& der) {
  X509* certificate = X509_new_ex(library, nullptr);
  const auto* octets = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = octets + der.size();
  if (certificate != nullptr && d2i_X509(&certificate, &octets, static_cast<long>(der.size())) == nullptr) {
    return nullptr;  // which has freed it
  }
  CertificatePointer parsed(certificate);
  if (octets != end) return nullptr;
  return parsed;
}

}  // namespace

/// OpenSSL's own provider for all that is done here, and ours.
class RemoteKeys::Library {
 public:
  Library() : context_(OSSL_LIB_CTX_new()) {
    if (!context_ || OSSL_PROVIDER_add_builtin(context_.get(), provider_name, &init_key_provider) != 1) return;
    own_.reset(OSSL_PROVIDER_load(context_.get(), "default"));
    ours_.reset(OSSL_PROVIDER_load(context_.get(), provider_name));
    // Both know keys of the same names: ephemeral ones must be OpenSSL's.
    whole_ = own_ && ours_ && EVP_set_default_properties(context_.get(), "?provider=default") == 1;
  }

  bool whole() const { return whole_; }
  OSSL_LIB_CTX* context() const { return context_.get(); }

 private:
  std::unique_ptr<OSSL_LIB_CTX, Releaser<OSSL_LIB_CTX_free>> context_;
  ProviderPointer own_;
  ProviderPointer ours_;
  bool whole_ = false;
};

/// One for the process, which is never freed: every thread that shook hands in it has left something there that OpenSSL
/// looks at when the thread ends (OPENSSL_thread_stop_ex(3)).
RemoteKeys::Library& RemoteKeys::shared_library() {
  static auto* const library = new Library;
  return *library;
}

RemoteKeys::RemoteKeys(Signer& signer, Library& library) : signer_(signer), library_(library) {}

std::unique_ptr<RemoteKeys> RemoteKeys::make(Signer& signer) {
  if (!shared_library().whole()) return nullptr;
  return std::unique_ptr<RemoteKeys>(new RemoteKeys(signer, shared_library()));
}

OSSL_LIB_CTX* RemoteKeys::library() const {
  return library_.context();
}

Result<Identity> RemoteKeys::identity(KeyNumber number, const std::vector<std::string>& chain_der) const {
  Identity identity;
  for (const auto& der : chain_der) {
    identity.chain.push_back(parse(library(), der));
    ERR_clear_error();
    if (!identity.chain.back()) return Error::bad_certificate;
  }
  if (identity.chain.empty()) return Error::bad_certificate;

  RemoteKey remote{&signer_, number, KeyKind::rsa, {X509_get_pubkey(identity.chain.front().get()), &EVP_PKEY_free}};
  const auto kind = remote.public_key ? kind_of(remote.public_key.get()) : std::nullopt;
  ERR_clear_error();
  if (!kind) return Error::bad_key;
  remote.kind = *kind;

  const char* type = EVP_PKEY_get0_type_name(remote.public_key.get());
  const KeyContextPointer context(EVP_PKEY_CTX_new_from_name(library(), type, provider_properties));
  void* pointer = &remote;
  OSSL_PARAM parameters[] = {OSSL_PARAM_construct_octet_ptr(remote_key_parameter, &pointer, sizeof(remote)),
                             OSSL_PARAM_construct_end()};
  EVP_PKEY* key = nullptr;
  const bool made = context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
                    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters) == 1;
  ERR_clear_error();
  if (!made) return Error::failed;
  identity.key.reset(key);
  return identity;
}

}  // namespace fermo::keys
