#pragma once

#include <memory>
#include <string_view>

#include <openssl/core.h>

#include "keys/openssl_pointers.h"
#include "keys/scheme.h"
#include "keys/signer.h"

/// The parts of the provider behind RemoteKeys. For key_provider.cc, remote_signature.cc and remote_keys.cc only.
namespace fermo::keys {

/// What stands behind an EVP_PKEY of the provider.
struct RemoteKey {
  Signer* signer = nullptr;
  KeyNumber number = 0;
  KeyKind kind = KeyKind::rsa;
  std::shared_ptr<EVP_PKEY> public_key;  ///< Of OpenSSL's own provider.
};

/// The name of the parameter by which EVP_PKEY_fromdata() is told which RemoteKey to copy: a pointer to it.
inline constexpr const char* remote_key_parameter = "fermo-remote-key";
inline constexpr const char* provider_name = "fermo";
inline constexpr const char* provider_properties = "provider=fermo";
/// Only our keys ask for it, so that OpenSSL never takes a signature of another provider for them, nor ours for others.
inline constexpr const char* signature_name = "FERMO-REMOTE";

extern const OSSL_DISPATCH* const remote_signature_functions;

/// OSSL_provider_init_fn, for OSSL_PROVIDER_add_builtin().
int init_key_provider(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
                      void** context);

}  // namespace fermo::keys
