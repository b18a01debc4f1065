#include "keys/scheme.h"

#include <algorithm>
#include <array>

namespace fermo::keys {
namespace {

struct Row {
  Scheme scheme;
  SchemeParts parts;
};

constexpr std::array<Row, 10> rows = {{
    {Scheme::rsa_pkcs1_sha256, {KeyKind::rsa, Padding::pkcs1, 256}},
    {Scheme::rsa_pkcs1_sha384, {KeyKind::rsa, Padding::pkcs1, 384}},
    {Scheme::rsa_pkcs1_sha512, {KeyKind::rsa, Padding::pkcs1, 512}},
    {Scheme::ecdsa_sha256, {KeyKind::ec, Padding::none, 256}},
    {Scheme::ecdsa_sha384, {KeyKind::ec, Padding::none, 384}},
    {Scheme::ecdsa_sha512, {KeyKind::ec, Padding::none, 512}},
    {Scheme::rsa_pss_sha256, {KeyKind::rsa, Padding::pss, 256}},
    {Scheme::rsa_pss_sha384, {KeyKind::rsa, Padding::pss, 384}},
    {Scheme::rsa_pss_sha512, {KeyKind::rsa, Padding::pss, 512}},
    {Scheme::ed25519, {KeyKind::ed25519, Padding::none, 0}},
}};

}  // namespace

std::optional<SchemeParts> parts_of(Scheme scheme) {
  const auto* const row = std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.scheme == scheme; });
  if (row == rows.end()) return std::nullopt;
  return row->parts;
}

std::optional<Scheme> scheme_of(const SchemeParts& parts) {
  const auto* const row = std::find_if(rows.begin(), rows.end(), [&](const Row& r) {
    return r.parts.kind == parts.kind && r.parts.padding == parts.padding && r.parts.hash_bits == parts.hash_bits;
  });
  if (row == rows.end()) return std::nullopt;
  return row->scheme;
}

}  // namespace fermo::keys
