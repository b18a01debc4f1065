#include "auth/password_hash.h"

#include <strings.h>

#include <algorithm>
#include <array>

#include "auth/argon2_hash.h"
#include "auth/crypt_hash.h"
#include "auth/error.h"
#include "base/limits.h"

namespace fermo::auth {
namespace {

struct Scheme {
  std::string_view name;
  std::string_view prefix;  ///< What a hash of this scheme begins with.
};

/// Dovecot's names, so that its password files work here as they are.
constexpr std::array schemes{
    Scheme{"ARGON2ID", "$argon2id$"}, Scheme{"ARGON2I", "$argon2i$"},
    Scheme{"ARGON2", "$argon2"},      Scheme{"CRYPT", "$"},
    Scheme{"SHA512-CRYPT", "$6$"},    Scheme{"SHA256-CRYPT", "$5$"},
    Scheme{"BLF-CRYPT", "$2"},        Scheme{"MD5-CRYPT", "$1$"},
};

bool same_scheme(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

struct Stored {
  std::string_view scheme;  ///< Empty when there is none.
  std::string_view hash;
};

Stored split(std::string_view stored) {
  const std::size_t end = stored.starts_with('{') ? stored.find('}') : std::string_view::npos;
  if (end == std::string_view::npos) return {{}, stored};
  return {stored.substr(1, end - 1), stored.substr(end + 1)};
}

std::optional<std::string> scheme_problem(const Stored& stored) {
  if (stored.scheme.empty()) return std::nullopt;
  for (const auto& scheme : schemes) {
    if (!same_scheme(scheme.name, stored.scheme)) continue;
    if (stored.hash.starts_with(scheme.prefix)) return std::nullopt;
    return "is not a hash of its scheme {" + std::string(scheme.name) + "}";
  }
  // The name of the scheme is left out: a password may begin with "{" too.
  return "has a scheme that is not supported; set the password anew";
}

bool is_argon2(std::string_view hash) {
  return hash.starts_with("$argon2");
}

std::optional<std::string> argon2_problem(std::string_view hash) {
  const auto encoded = argon2::decode(hash);
  if (!encoded) return "is a damaged Argon2 hash, or of Argon2d, which is not for passwords";
  return argon2::problem(encoded->parameters);
}

}  // namespace

bool is_acceptable_password(const Secret& password) {
  const std::string_view text = password.reveal();
  return !text.empty() && text.size() <= limits::password_octets_max &&
         text.find_first_of(std::string_view("\0\r\n", 3)) == std::string_view::npos;
}

bool is_locked(std::string_view stored) {
  return stored.starts_with('!') || stored.starts_with('*');
}

std::optional<std::string> hash_problem(std::string_view stored) {
  if (is_locked(stored)) return std::nullopt;
  if (stored.empty()) return "is missing; nobody can log in without one";
  const Stored parts = split(stored);
  if (auto problem = scheme_problem(parts)) return problem;
  return is_argon2(parts.hash) ? argon2_problem(parts.hash) : crypt::problem(parts.hash);
}

Result<std::string> hash_password(const Secret& password, const Parameters& parameters) {
  if (!is_acceptable_password(password)) return make_error_code(Error::invalid_password);
  auto hash = argon2::hash(password, parameters);
  if (!hash) return hash;
  return "{ARGON2ID}" + *hash;
}

Result<PasswordMatch> verify_password(const Secret& password, std::string_view stored) {
  if (hash_problem(stored)) return make_error_code(Error::unusable_hash);
  if (is_locked(stored) || !is_acceptable_password(password)) return PasswordMatch::wrong;
  const std::string_view hash = split(stored).hash;
  const auto encoded = argon2::decode(hash);
  return encoded ? argon2::verify(password, *encoded) : crypt::verify(password, hash);
}

}  // namespace fermo::auth
