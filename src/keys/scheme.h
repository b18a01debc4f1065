#pragma once

#include <cstdint>
#include <optional>

namespace fermo::keys {

/// How something is signed, by the numbers of RFC 8446 §4.2.3. TLS 1.2 means the hash alone by the ECDSA ones, whatever
/// the curve.
enum class Scheme : std::uint16_t {
  rsa_pkcs1_sha256 = 0x0401,  ///< The three of PKCS #1 are for TLS 1.2 only.
  rsa_pkcs1_sha384 = 0x0501,
  rsa_pkcs1_sha512 = 0x0601,
  ecdsa_sha256 = 0x0403,
  ecdsa_sha384 = 0x0503,
  ecdsa_sha512 = 0x0603,
  rsa_pss_sha256 = 0x0804,
  rsa_pss_sha384 = 0x0805,
  rsa_pss_sha512 = 0x0806,
  ed25519 = 0x0807,
};

enum class KeyKind { rsa, ec, ed25519 };
enum class Padding { none, pkcs1, pss };

/// What a scheme is made of.
struct SchemeParts {
  KeyKind kind;
  Padding padding;
  unsigned hash_bits;  ///< Of SHA-2; 0 for Ed25519, which hashes by itself.
};

/// Nothing for a number that is none of the above: schemes come from outside as well.
std::optional<SchemeParts> parts_of(Scheme scheme);
/// Nothing when no scheme has these.
std::optional<Scheme> scheme_of(const SchemeParts& parts);

}  // namespace fermo::keys
