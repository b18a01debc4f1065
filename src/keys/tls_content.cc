#include "keys/tls_content.h"

#include <cstddef>
#include <string>

namespace fermo::keys {
namespace {

constexpr std::size_t randoms_octets = 64;
/// 2048 bits: smaller groups are not offered, and larger ones than ffdhe8192 do not exist (RFC 7919).
constexpr std::size_t dh_prime_octets_min = 256;
constexpr std::size_t dh_number_octets_max = 1024;
constexpr unsigned char named_curve = 3;
/// X25519 has the shortest public value, an uncompressed point of P-521 is the longest.
constexpr std::size_t point_octets_min = 32;
constexpr std::size_t point_octets_max = 133;

std::size_t octet(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

bool is_certificate_verify(std::string_view content) {
  static const std::string start = std::string(64, ' ') + "TLS 1.3, server CertificateVerify" + std::string(1, '\0');
  if (!content.starts_with(start)) return false;
  const std::size_t hash_octets = content.size() - start.size();
  return hash_octets == 32 || hash_octets == 48;  // the hash of the cipher: SHA-256 or SHA-384
}

bool is_ecdh_params(std::string_view params) {
  if (params.size() < 4 || octet(params, 0) != named_curve) return false;
  const std::size_t point_octets = octet(params, 3);
  return params.size() == 4 + point_octets && point_octets >= point_octets_min && point_octets <= point_octets_max;
}

/// Takes a number with its length in 2 octets from the front; its octets, or 0 when it is not there.
std::size_t take_number(std::string_view& rest) {
  if (rest.size() < 2) return 0;
  const std::size_t octets = octet(rest, 0) << 8 | octet(rest, 1);
  if (octets > dh_number_octets_max || rest.size() < 2 + octets) return 0;
  rest.remove_prefix(2 + octets);
  return octets;
}

bool is_dh_params(std::string_view params) {
  const std::size_t prime_octets = take_number(params);
  const std::size_t generator_octets = take_number(params);
  const std::size_t public_octets = take_number(params);
  return prime_octets >= dh_prime_octets_min && generator_octets >= 1 && public_octets >= 1 && params.empty();
}

}  // namespace

TlsContent tls_content_of(std::string_view content) {
  if (is_certificate_verify(content)) return TlsContent::certificate_verify;
  if (content.size() <= randoms_octets) return TlsContent::none;
  const std::string_view params = content.substr(randoms_octets);
  return is_ecdh_params(params) || is_dh_params(params) ? TlsContent::key_exchange : TlsContent::none;
}

}  // namespace fermo::keys
