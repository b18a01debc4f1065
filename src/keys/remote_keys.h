#pragma once

#include <memory>
#include <string>
#include <vector>

#include <openssl/types.h>

#include "base/result.h"
#include "keys/openssl_pointers.h"
#include "keys/signer.h"

namespace fermo::keys {

/// A certificate chain with a key that signs elsewhere.
struct Identity {
  std::vector<CertificatePointer> chain;  ///< The server's own first.
  KeyPointer key;                         ///< Its private half is a Signer's.
};

/// Gives OpenSSL private keys that are not in this process: a library context of their own, with a provider whose keys
/// hold the public half and whose signatures come from a Signer. TLS needs nothing more, so there is nothing more:
/// signing by EVP_DigestSign with SHA-2, no decryption, no export of what is private.
class RemoteKeys {
 public:
  /// `signer` must outlive everything that was made here. Nothing when OpenSSL is out of memory.
  static std::unique_ptr<RemoteKeys> make(Signer& signer);

  RemoteKeys(const RemoteKeys&) = delete;
  RemoteKeys& operator=(const RemoteKeys&) = delete;

  /// For SSL_CTX_new_ex(): a context that uses an identity of here must be made in it.
  OSSL_LIB_CTX* library() const;

  /// The key with this number and its chain in DER. Errors: bad_certificate, bad_key (of a kind that Fermo does not
  /// serve with), failed.
  Result<Identity> identity(KeyNumber number, const std::vector<std::string>& chain_der) const;

 private:
  class Library;
  static Library& shared_library();
  RemoteKeys(Signer& signer, Library& library);

  Signer& signer_;
  Library& library_;
};

}  // namespace fermo::keys
