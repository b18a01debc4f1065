#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "keys/openssl_pointers.h"
#include "keys/scheme.h"
#include "keys/wire.h"

namespace fermo::keys {

/// The private keys with their certificates: what only one process may hold. Once filled it is immutable and
/// thread-safe.
class KeyRing {
 public:
  /// A chain, the server's own certificate first, and its key, both PEM. Errors: bad_certificate, bad_key, wrong_key,
  /// too_many_keys.
  Result<void> add(std::string_view chain_pem, std::string_view key_pem);

  std::size_t size() const { return entries_.size(); }
  /// In DER. Errors: no_such_key.
  Result<std::vector<std::string>> chain(KeyNumber key) const;
  /// Signs what a TLS server signs, and nothing else. Errors: no_such_key, not_allowed, failed.
  Result<std::string> sign(KeyNumber key, Scheme scheme, std::string_view content) const;

 private:
  struct Entry {
    KeyPointer key;
    KeyKind kind;
    std::vector<std::string> chain;
  };
  std::vector<Entry> entries_;
};

/// Nothing for a key of another kind.
std::optional<KeyKind> kind_of(const EVP_PKEY* key);

}  // namespace fermo::keys
