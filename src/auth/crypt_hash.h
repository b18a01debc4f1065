#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/password_hash.h"
#include "base/result.h"
#include "base/secret.h"

/// The hashes of crypt(5), through libxcrypt.
namespace fermo::auth::crypt {

/// Why this hash cannot be used: another method, damaged, or more work than the limits allow. Nothing when it can.
std::optional<std::string> problem(std::string_view hash);

/// `hash` must have no problem(). Errors: unusable_hash, out_of_memory.
Result<PasswordMatch> verify(const Secret& password, std::string_view hash);

}  // namespace fermo::auth::crypt
