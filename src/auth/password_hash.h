#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

/// Password hashes as a password file holds them: `{SCHEME}hash`. Everything here is thread-safe, and takes a core (and
/// the memory of Argon2) for as long as the hash asks: bound how many run at once.
namespace fermo::auth {

/// What a new Argon2id hash (RFC 9106) costs. The defaults are OWASP's first choice (Password Storage Cheat Sheet):
/// about 20 ms.
struct Parameters {
  std::uint32_t memory_kib = 19456;
  std::uint32_t passes = 2;
  std::uint32_t lanes = 1;
};

/// Whether a password fits a hash. Not a bool: `if (result)` on a Result<bool> asks something else, and would let in.
enum class PasswordMatch { right, wrong };
constexpr PasswordMatch match_if(bool right) {
  return right ? PasswordMatch::right : PasswordMatch::wrong;
}

/// `{ARGON2ID}$argon2id$v=19$…` with a new salt of 16 octets.
/// Errors: invalid_password, out_of_memory, unusable_hash (parameters beyond the limits).
Result<std::string> hash_password(const Secret& password, const Parameters& parameters = {});

/// Whether `password` is the one that `stored` was made from. Verifies {ARGON2ID}, {ARGON2I}, {ARGON2}; {CRYPT} with
/// any of the crypt(5) prefixes $1$, $2a$, $2b$, $2y$, $5$, $6$, $7$, $y$, $gy$; {SHA512-CRYPT}, {SHA256-CRYPT},
/// {BLF-CRYPT}, {MD5-CRYPT}; and all of these without a scheme, by their prefix. {PLAIN} and unsalted schemes are not
/// taken: whoever sees a backup of such a file has every password, and `fermo user password` makes a true hash in no
/// more time. Errors: unusable_hash (hash_problem() says why; the login is refused), out_of_memory.
Result<PasswordMatch> verify_password(const Secret& password, std::string_view stored);

/// What is wrong with a stored hash, as a sentence for the operator; nothing when verify_password() can use it. Cheap:
/// hashes nothing. A hash that costs more than `limits` allows is a problem, so that no line of the file can hold a
/// core for minutes.
std::optional<std::string> hash_problem(std::string_view stored);

/// Whether `stored` begins with "!" or "*", which is how passwd(5) locks somebody out: no password fits, and that is
/// meant.
bool is_locked(std::string_view stored);

/// Whether `password` may be set: 1 to `limits::password_octets_max` octets, without NUL, CR and LF, which no client
/// could send.
bool is_acceptable_password(const Secret& password);

}  // namespace fermo::auth
