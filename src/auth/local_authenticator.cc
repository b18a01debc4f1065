#include "auth/local_authenticator.h"

#include <cstring>
#include <string>

namespace fermo::auth {
namespace {

/// A hash that costs what `parameters` say and that no password is known to fit: nothing was hashed to get it.
std::string decoy_hash(const Parameters& parameters) {
  return "{ARGON2ID}$argon2id$v=19$m=" + std::to_string(parameters.memory_kib) +
         ",t=" + std::to_string(parameters.passes) + ",p=" + std::to_string(parameters.lanes) + "$" +
         std::string(22, 'A') + "$" + std::string(43, 'A');
}

/// The canonical name of a login that may go on to the password. Both refusals depend on nothing but what the client
/// sent.
std::optional<std::string> name_of(const sasl::PasswordLogin& login) {
  auto name = account::canonical_name(login.authentication_identity);
  if (!name || login.authorization_identity.empty()) return name;
  return account::canonical_name(login.authorization_identity) == name ? name : std::nullopt;
}

bool is_usable(std::string_view hash) {
  return !is_locked(hash) && !hash_problem(hash);
}

}  // namespace

LocalAuthenticator::LocalAuthenticator(PasswordFile& file, const Clock& clock, const AuthenticatorSettings& settings)
    : file_(file),
      cache_(clock, settings.verified_logins_max, settings.verified_login_time_max),
      slots_(settings.hash_threads),
      decoy_(decoy_hash(settings.parameters)) {}

LocalAuthenticator::~LocalAuthenticator() = default;

Result<account::LoginDecision> LocalAuthenticator::verify(const account::LoginAttempt& attempt) {
  const Secret& password = attempt.login.password;
  const auto name = name_of(attempt.login);
  if (!name || !is_acceptable_password(password)) return account::LoginDecision{};
  const auto table = file_.load();
  if (!table) return table.error();
  cache_.use_generation((*table)->generation());

  const PasswordEntry* entry = (*table)->find(*name);
  if (entry == nullptr || !is_usable(entry->hash)) return refused_at_cost(**table, *name, password);
  const auto match = verify_known(*entry, password);
  if (!match) return match.error();
  if (*match != PasswordMatch::right) return account::LoginDecision{};
  return account::LoginDecision{sasl::Verdict::accepted, account::account_named(*name)};
}

Result<PasswordMatch> LocalAuthenticator::verify_known(const PasswordEntry& entry, const Secret& password) {
  const auto fingerprint = cache_.fingerprint(entry.name, entry.hash, password);
  if (cache_.contains(fingerprint)) return PasswordMatch::right;
  const HashingSlots::Holder slot(slots_);
  // Another connection of the same user may have been faster while this one waited.
  if (cache_.contains(fingerprint)) return PasswordMatch::right;
  const auto match = compute(password, entry.hash);
  if (match && *match == PasswordMatch::right) cache_.insert(fingerprint);
  return match;
}

Result<account::LoginDecision> LocalAuthenticator::refused_at_cost(const PasswordTable& table, std::string_view name,
                                                                   const Secret& password) {
  const std::string_view stored = stand_in(table, name);
  const HashingSlots::Holder slot(slots_);
  const auto match = compute(password, stored);
  if (!match) return match.error();
  return account::LoginDecision{};
}

std::string_view LocalAuthenticator::stand_in(const PasswordTable& table, std::string_view name) const {
  const auto entries = table.entries();
  if (entries.empty()) return decoy_;
  const auto fingerprint = cache_.fingerprint(name, {}, Secret());
  std::uint64_t number = 0;
  std::memcpy(&number, fingerprint.data(), sizeof number);
  const std::string_view hash = entries[number % entries.size()].hash;
  return is_usable(hash) ? hash : std::string_view(decoy_);
}

Result<PasswordMatch> LocalAuthenticator::compute(const Secret& password, std::string_view stored) {
  hashes_computed_.fetch_add(1);
  return verify_password(password, stored);
}

}  // namespace fermo::auth
