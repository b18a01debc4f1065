#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/password_hash.h"
#include "base/result.h"
#include "base/secret.h"

/// Argon2 (RFC 9106) in the text form of the reference implementation: `$argon2id$v=19$m=19456,t=2,p=1$salt$tag`.
namespace fermo::auth::argon2 {

/// What such a text says.
struct Encoded {
  bool hybrid = true;  ///< Argon2id; otherwise Argon2i.
  std::uint32_t version = 0;
  Parameters parameters;
  std::string salt;
  std::string tag;
};

/// Nothing when the text is damaged or of another kind (Argon2d is not for passwords, RFC 9106 §4).
std::optional<Encoded> decode(std::string_view text);

/// Why nobody should compute this; nothing when it is within the limits.
std::optional<std::string> problem(const Parameters& parameters);

/// Errors: unusable_hash (parameters beyond the limits), out_of_memory.
Result<std::string> hash(const Secret& password, const Parameters& parameters);
Result<PasswordMatch> verify(const Secret& password, const Encoded& encoded);

}  // namespace fermo::auth::argon2
