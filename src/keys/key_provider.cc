#include <new>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "keys/remote_key.h"

// A provider's functions are found by number in tables of function pointers without types: provider(7),
// provider-keymgmt(7). What a name means here is written there.
namespace fermo::keys {
namespace {

template <class Function>
void (*untyped(Function* function))() {
  return reinterpret_cast<void (*)()>(function);
}

void* new_key(void*) {
  return new (std::nothrow) RemoteKey;
}

void free_key(void* key) {
  delete static_cast<RemoteKey*>(key);
}

/// The private half too: that it is elsewhere is nothing that OpenSSL should care about.
int has(const void* key, int) {
  return static_cast<const RemoteKey*>(key)->public_key ? 1 : 0;
}

/// Takes nothing but a RemoteKey: OpenSSL tries to convert other keys by this.
int import_key(void* key, int, const OSSL_PARAM parameters[]) {
  const OSSL_PARAM* parameter = OSSL_PARAM_locate_const(parameters, remote_key_parameter);
  const void* from = nullptr;
  std::size_t octets = 0;
  if (parameter == nullptr || OSSL_PARAM_get_octet_ptr(parameter, &from, &octets) != 1) return 0;
  *static_cast<RemoteKey*>(key) = *static_cast<const RemoteKey*>(from);
  return 1;
}

const OSSL_PARAM* import_types(int) {
  static const OSSL_PARAM types[] = {OSSL_PARAM_octet_ptr(remote_key_parameter, nullptr, 0), OSSL_PARAM_END};
  return types;
}

/// The public half, whatever was asked for: to be compared with a certificate.
int export_key(void* key, int, OSSL_CALLBACK* callback, void* argument) {
  return EVP_PKEY_export(static_cast<RemoteKey*>(key)->public_key.get(), EVP_PKEY_PUBLIC_KEY, callback, argument);
}

const OSSL_PARAM* export_types(int selection) {
  static const OSSL_PARAM types[] = {OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, nullptr, 0),
                                     OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, nullptr, 0),
                                     OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
                                     OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0), OSSL_PARAM_END};
  return (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 ? types : nullptr;
}

/// Size, security bits, group, default digest: all are of the public half.
int get_parameters(void* key, OSSL_PARAM parameters[]) {
  return EVP_PKEY_get_params(static_cast<RemoteKey*>(key)->public_key.get(), parameters);
}

const OSSL_PARAM* gettable_parameters(void*) {
  static const OSSL_PARAM types[] = {OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
                                     OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
                                     OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
                                     OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, nullptr, 0),
                                     OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, nullptr, 0),
                                     OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
                                     OSSL_PARAM_END};
  return types;
}

const char* operation_name(int operation) {
  return operation == OSSL_OP_SIGNATURE ? signature_name : nullptr;
}

const OSSL_DISPATCH key_functions[] = {{OSSL_FUNC_KEYMGMT_NEW, untyped(&new_key)},
                                       {OSSL_FUNC_KEYMGMT_FREE, untyped(&free_key)},
                                       {OSSL_FUNC_KEYMGMT_HAS, untyped(&has)},
                                       {OSSL_FUNC_KEYMGMT_IMPORT, untyped(&import_key)},
                                       {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, untyped(&import_types)},
                                       {OSSL_FUNC_KEYMGMT_EXPORT, untyped(&export_key)},
                                       {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, untyped(&export_types)},
                                       {OSSL_FUNC_KEYMGMT_GET_PARAMS, untyped(&get_parameters)},
                                       {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, untyped(&gettable_parameters)},
                                       {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, untyped(&operation_name)},
                                       {0, nullptr}};

// The names that OpenSSL's own provider has: libssl finds out by them which kind of certificate a key is for.
const OSSL_ALGORITHM keys_of_each_kind[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", provider_properties, key_functions, nullptr},
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", provider_properties, key_functions, nullptr},
    {"ED25519:1.3.101.112", provider_properties, key_functions, nullptr},
    {nullptr, nullptr, nullptr, nullptr}};

const OSSL_ALGORITHM* query(void*, int operation, int* no_store) {
  static const OSSL_ALGORITHM signatures[] = {
      {signature_name, provider_properties, remote_signature_functions, nullptr}, {nullptr, nullptr, nullptr, nullptr}};
  *no_store = 0;
  if (operation == OSSL_OP_KEYMGMT) return keys_of_each_kind;
  return operation == OSSL_OP_SIGNATURE ? signatures : nullptr;
}

const OSSL_DISPATCH provider_functions[] = {{OSSL_FUNC_PROVIDER_QUERY_OPERATION, untyped(&query)}, {0, nullptr}};

}  // namespace

int init_key_provider(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** out, void** context) {
  static int unused = 0;  // OpenSSL takes a provider without a context for one without functions
  *out = provider_functions;
  *context = &unused;
  return 1;
}

}  // namespace fermo::keys
