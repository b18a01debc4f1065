#include "auth/argon2_hash.h"

#include <argon2.h>

#include <array>
#include <charconv>
#include <span>

#include "auth/error.h"
#include "base/limits.h"
#include "base/random.h"

namespace fermo::auth::argon2 {
namespace {

constexpr std::size_t salt_octets = 16;  // RFC 9106 §3.1 recommends 16
constexpr std::size_t tag_octets = 32;
constexpr std::size_t salt_octets_min = 8;  // RFC 9106 §3.1
constexpr std::size_t tag_octets_min = 16;  // less could be hit by guessing
constexpr std::size_t field_octets_max = 64;

/// Takes `expected` off the front.
bool skip(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

bool take_number(std::string_view& text, std::uint32_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

/// Base64 without padding; nothing when it is not, or has bits left over.
std::optional<std::string> base64_decoded(std::string_view text) {
  if (text.size() % 4 == 1 || text.size() > field_octets_max * 4 / 3 + 1) return std::nullopt;
  std::string octets;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      octets.push_back(static_cast<char>(static_cast<unsigned char>(bits >> count)));
      bits &= (1U << count) - 1;
    }
  }
  return bits == 0 ? std::optional(octets) : std::nullopt;
}

bool take_parameters(std::string_view& text, Encoded& encoded) {
  encoded.version = ARGON2_VERSION_10;  // what a text without "v=" was made with
  if (skip(text, "v=") && !(take_number(text, encoded.version) && skip(text, "$"))) return false;
  return skip(text, "m=") && take_number(text, encoded.parameters.memory_kib) && skip(text, ",t=") &&
         take_number(text, encoded.parameters.passes) && skip(text, ",p=") &&
         take_number(text, encoded.parameters.lanes) && skip(text, "$");
}

bool take_salt_and_tag(std::string_view text, Encoded& encoded) {
  const std::size_t separator = text.find('$');
  if (separator == std::string_view::npos) return false;
  auto salt = base64_decoded(text.substr(0, separator));
  auto tag = base64_decoded(text.substr(separator + 1));
  if (!salt || !tag || salt->size() < salt_octets_min || tag->size() < tag_octets_min) return false;
  encoded.salt = *salt;
  encoded.tag = *tag;
  return true;
}

/// libargon2 takes no pointers to const; it changes nothing without ARGON2_FLAG_CLEAR_*.
std::uint8_t* octets_of(std::string_view text) {
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
}

/// One thread whatever the lanes: how many threads hash at once is the caller's to decide.
argon2_context context_for(std::string_view password, const Encoded& encoded, std::string& tag) {
  argon2_context context{};
  context.out = octets_of(tag);
  context.outlen = static_cast<std::uint32_t>(tag.size());
  context.pwd = octets_of(password);
  context.pwdlen = static_cast<std::uint32_t>(password.size());
  context.salt = octets_of(encoded.salt);
  context.saltlen = static_cast<std::uint32_t>(encoded.salt.size());
  context.t_cost = encoded.parameters.passes;
  context.m_cost = encoded.parameters.memory_kib;
  context.lanes = encoded.parameters.lanes;
  context.threads = 1;
  context.version = encoded.version;
  return context;
}

error_code error_of(int outcome) {
  return outcome == ARGON2_MEMORY_ALLOCATION_ERROR ? Error::out_of_memory : Error::unusable_hash;
}

}  // namespace

std::optional<Encoded> decode(std::string_view text) {
  Encoded encoded;
  encoded.hybrid = skip(text, "$argon2id$");
  if (!encoded.hybrid && !skip(text, "$argon2i$")) return std::nullopt;
  if (!take_parameters(text, encoded) || !take_salt_and_tag(text, encoded)) return std::nullopt;
  if (encoded.version != ARGON2_VERSION_10 && encoded.version != ARGON2_VERSION_13) return std::nullopt;
  return encoded;
}

std::optional<std::string> problem(const Parameters& parameters) {
  const auto [memory, passes, lanes] = parameters;
  if (passes == 0 || lanes == 0 || lanes > limits::argon2_lanes_max || memory < 8 * lanes) {
    return "has Argon2 parameters that make no sense";
  }
  if (memory > limits::argon2_memory_kib_max) {
    return "asks Argon2 for " + std::to_string(memory) + " KiB of memory; the most is " +
           std::to_string(limits::argon2_memory_kib_max);
  }
  if (std::uint64_t{memory} * passes > limits::argon2_work_kib_max) {
    return "asks Argon2 for " + std::to_string(passes) + " passes over " + std::to_string(memory) +
           " KiB; the most is " + std::to_string(limits::argon2_work_kib_max / memory);
  }
  return std::nullopt;
}

Result<std::string> hash(const Secret& password, const Parameters& parameters) {
  if (problem(parameters)) return make_error_code(Error::unusable_hash);
  std::array<std::byte, salt_octets> salt;
  fill_random(salt);
  std::string text(
      argon2_encodedlen(parameters.passes, parameters.memory_kib, parameters.lanes, salt_octets, tag_octets, Argon2_id),
      '\0');
  const int outcome =
      argon2id_hash_encoded(parameters.passes, parameters.memory_kib, parameters.lanes, password.reveal().data(),
                            password.reveal().size(), salt.data(), salt.size(), tag_octets, text.data(), text.size());
  if (outcome != ARGON2_OK) return error_of(outcome);
  text.resize(text.find('\0'));
  return text;
}

Result<PasswordMatch> verify(const Secret& password, const Encoded& encoded) {
  if (problem(encoded.parameters)) return make_error_code(Error::unusable_hash);
  std::string tag(encoded.tag.size(), '\0');
  argon2_context context = context_for(password.reveal(), encoded, tag);
  const int outcome = argon2_ctx(&context, encoded.hybrid ? Argon2_id : Argon2_i);
  if (outcome != ARGON2_OK) return error_of(outcome);
  return match_if(equal_in_constant_time(tag, encoded.tag));
}

}  // namespace fermo::auth::argon2
