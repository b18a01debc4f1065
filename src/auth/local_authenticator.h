#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "account/authenticator.h"
#include "auth/hashing_slots.h"
#include "auth/password_file.h"
#include "auth/password_hash.h"
#include "auth/verified_cache.h"
#include "base/clock.h"
#include "base/limits.h"

namespace fermo::auth {

struct AuthenticatorSettings {
  /// Hashes computed at once, so that memory stays under this number × that of one hash however many log in. At
  /// least 1.
  std::size_t hash_threads = 1;
  /// The cost that an unknown user has while the file holds no usable hash to go by.
  Parameters parameters;
  std::size_t verified_logins_max = limits::verified_logins_max;
  std::chrono::seconds verified_login_time_max = limits::verified_login_time_max;
};

/// Decides logins by a password file. Thread-safe.
///
/// Nothing tells a caller whether a name exists: for an unknown one, a password is verified against the hash of a user
/// picked by a keyed hash of the name (so that the cost is distributed as it is for known names, whatever schemes the
/// file holds, and is the same each time), and the outcome thrown away. An authorization identity must be empty or the
/// authentication identity itself (RFC 4616 §2; accepting it unchecked was CVE-2023-27582).
class LocalAuthenticator final : public account::Authenticator {
 public:
  /// `file` and `clock` must outlive this object.
  LocalAuthenticator(PasswordFile& file, const Clock& clock, const AuthenticatorSettings& settings);
  ~LocalAuthenticator() override;

  /// Errors: those of PasswordFile::load(), out_of_memory.
  Result<account::LoginDecision> verify(const account::LoginAttempt& attempt) override;

  /// Password hashes computed so far.
  std::uint64_t hashes_computed() const { return hashes_computed_.load(); }

 private:
  Result<PasswordMatch> verify_known(const PasswordEntry& entry, const Secret& password);
  Result<account::LoginDecision> refused_at_cost(const PasswordTable& table, std::string_view name,
                                                 const Secret& password);
  std::string_view stand_in(const PasswordTable& table, std::string_view name) const;
  Result<PasswordMatch> compute(const Secret& password, std::string_view stored);

  PasswordFile& file_;
  VerifiedCache cache_;
  HashingSlots slots_;
  const std::string decoy_;  ///< A hash that nothing fits, at the cost that the settings say.
  std::atomic<std::uint64_t> hashes_computed_{0};
};

}  // namespace fermo::auth
