#include "auth/verified_cache.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstring>
#include <span>
#include <string>

#include "base/check.h"
#include "base/random.h"

namespace fermo::auth {
namespace {

/// With its length before it no part can pass for the end of another ("ab","c" and "a","bc").
void append_part(std::string& message, std::string_view part) {
  const std::uint64_t length = part.size();
  message.append(reinterpret_cast<const char*>(&length), sizeof length);
  message.append(part);
}

}  // namespace

VerifiedCache::VerifiedCache(const Clock& clock, std::size_t entries_max, std::chrono::seconds time_max)
    : clock_(clock), entries_max_(entries_max), time_max_(time_max) {
  fill_random(std::as_writable_bytes(std::span(key_)));
}

VerifiedCache::~VerifiedCache() {
  ::OPENSSL_cleanse(key_.data(), key_.size());
}

std::size_t VerifiedCache::Hash::operator()(const Fingerprint& fingerprint) const noexcept {
  std::size_t value = 0;  // nobody can aim at a bucket without the key
  std::memcpy(&value, fingerprint.data(), sizeof value);
  return value;
}

VerifiedCache::Fingerprint VerifiedCache::fingerprint(std::string_view user, std::string_view stored_hash,
                                                      const Secret& password) const {
  std::string message;
  // Reserved at once: growing would leave copies of the password behind.
  message.reserve(3 * sizeof(std::uint64_t) + user.size() + stored_hash.size() + password.reveal().size());
  append_part(message, user);
  append_part(message, stored_hash);
  append_part(message, password.reveal());
  Fingerprint fingerprint;
  const auto* made = ::HMAC(::EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
                            reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                            reinterpret_cast<unsigned char*>(fingerprint.data()), nullptr);
  wipe(message);
  FERMO_CHECK(made != nullptr);  // SHA-256 is always there; a fingerprint that is not one would let anybody in
  return fingerprint;
}

bool VerifiedCache::contains(const Fingerprint& fingerprint) {
  const Timestamp now = clock_.now();
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(fingerprint);
  if (found == entries_.end()) return false;
  const auto entry = found->second;
  // Before its own time too: the clock has been set back, and how old the entry is cannot be told.
  if (now < entry->verified_at || now - entry->verified_at >= time_max_) {
    by_use_.erase(entry);
    entries_.erase(found);
    return false;
  }
  by_use_.splice(by_use_.begin(), by_use_, entry);
  return true;
}

void VerifiedCache::insert(const Fingerprint& fingerprint) {
  if (entries_max_ == 0) return;
  const Timestamp now = clock_.now();
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(fingerprint); found != entries_.end()) {
    found->second->verified_at = now;
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    return;
  }
  if (entries_.size() == entries_max_) {
    entries_.erase(by_use_.back().fingerprint);
    by_use_.pop_back();
  }
  by_use_.push_front({fingerprint, now});
  entries_.emplace(fingerprint, by_use_.begin());
}

void VerifiedCache::use_generation(std::uint64_t generation) {
  const std::lock_guard lock(mutex_);
  if (generation <= generation_) return;  // a slow thread may still come with the old one
  generation_ = generation;
  entries_.clear();
  by_use_.clear();
}

std::size_t VerifiedCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace fermo::auth
