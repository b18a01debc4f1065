#include "keys/error.h"

#include "base/error_category.h"

namespace fermo::keys {
namespace {

ErrorMeaning meaning_of(Error error) noexcept {
  switch (error) {
    case Error::unavailable:
      return {Failure::temporary, "the process that holds the TLS keys does not answer"};
    case Error::no_such_key:
      return {Failure::no_such_thing, "no TLS key has this number"};
    case Error::not_allowed:
      return {Failure::permanent, "the TLS key may not be used for this"};
    case Error::failed:
      return {Failure::temporary, "OpenSSL could not sign"};
    case Error::bad_certificate:
      return {Failure::permanent, "not a chain of certificates in PEM"};
    case Error::bad_key:
      return {Failure::permanent, "not a key in PEM, without a passphrase, of the kind RSA, EC or Ed25519"};
    case Error::wrong_key:
      return {Failure::permanent, "the key does not belong to the certificate"};
    case Error::too_many_keys:
      return {Failure::permanent, "too many TLS keys"};
    case Error::unsupported:
      return {Failure::permanent, "the process that holds the TLS keys is of another version"};
  }
  return {Failure::temporary, "keys error of an unknown kind"};
}

}  // namespace

boost::system::error_code make_error_code(Error error) noexcept {
  static const ErrorCategory category("keys", meaning_of);
  return {static_cast<int>(error), category};
}

}  // namespace fermo::keys
