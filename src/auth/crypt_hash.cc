#include "auth/crypt_hash.h"

#include <crypt.h>
#include <string.h>  // explicit_bzero

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <memory>

#include "auth/error.h"
#include "base/limits.h"

namespace fermo::auth::crypt {
namespace {

using Problem = std::optional<std::string>;

Problem too_much_work() {
  return "asks for more work than the limits allow; set the password anew";
}
Problem damaged() {
  return "is damaged";
}

/// The value of a digit of crypt(5)'s own base 64.
std::optional<std::uint32_t> digit_value(char c) {
  constexpr std::string_view digits = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const std::size_t value = digits.find(c);
  if (value == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

Problem memory_problem(std::uint32_t blocks_log2, std::uint64_t block_size) {
  if (blocks_log2 > 30 || block_size > limits::scrypt_memory_octets_max) return too_much_work();
  return (128 * block_size) << blocks_log2 > limits::scrypt_memory_octets_max ? too_much_work() : std::nullopt;
}

/// What follows each prefix is the part of the hash after it.
Problem no_parameters(std::string_view) {
  return std::nullopt;
}

Problem sha_crypt_parameters(std::string_view rest) {
  constexpr std::string_view keyword = "rounds=";
  if (!rest.starts_with(keyword)) return std::nullopt;
  rest.remove_prefix(keyword.size());
  std::uint32_t rounds = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), rounds);
  if (error == std::errc::result_out_of_range) return too_much_work();
  if (error != std::errc()) return damaged();
  return rounds > limits::sha_crypt_rounds_max ? too_much_work() : std::nullopt;
}

Problem bcrypt_parameters(std::string_view rest) {
  unsigned cost = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + std::min<std::size_t>(rest.size(), 2), cost);
  if (error != std::errc() || end != rest.data() + 2) return damaged();
  return cost > limits::bcrypt_cost_log2_max ? too_much_work() : std::nullopt;
}

/// One digit of log2(N), five of r and five of p, the least significant first.
Problem scrypt_parameters(std::string_view rest) {
  if (rest.size() < 11) return damaged();
  const auto number = [](std::string_view text) -> std::optional<std::uint32_t> {
    std::uint32_t value = 0;
    for (std::size_t i = text.size(); i-- > 0;) {
      const auto digit = digit_value(text[i]);
      if (!digit) return std::nullopt;
      value = value << 6 | *digit;
    }
    return value;
  };
  const auto blocks_log2 = number(rest.substr(0, 1));
  const auto block_size = number(rest.substr(1, 5));
  const auto lanes = number(rest.substr(6, 5));
  if (!blocks_log2 || !block_size || !lanes) return damaged();
  return *lanes > 1 ? too_much_work() : memory_problem(*blocks_log2, *block_size);
}

/// Flavour "j", then one digit each of log2(N) - 1 and r - 1: the only form that libxcrypt makes. Larger values and
/// further parameters take more digits.
Problem yescrypt_parameters(std::string_view rest) {
  if (rest.size() < 4 || rest[0] != 'j' || rest[3] != '$') return too_much_work();
  const auto blocks_log2 = digit_value(rest[1]);
  const auto block_size = digit_value(rest[2]);
  if (!blocks_log2 || !block_size) return damaged();
  return memory_problem(*blocks_log2 + 1, *block_size + 1);
}

struct Method {
  std::string_view prefix;
  Problem (*parameters_problem)(std::string_view rest);
};

/// DES ("xx…", "_…"), NT ("$3$") and the buggy "$2x$" are left out: each can be broken in an afternoon or by design.
constexpr std::array methods{
    Method{"$1$", no_parameters},      Method{"$2a$", bcrypt_parameters},   Method{"$2b$", bcrypt_parameters},
    Method{"$2y$", bcrypt_parameters}, Method{"$5$", sha_crypt_parameters}, Method{"$6$", sha_crypt_parameters},
    Method{"$7$", scrypt_parameters},  Method{"$y$", yescrypt_parameters},  Method{"$gy$", yescrypt_parameters},
};

/// The 32 KiB that libxcrypt works in, wiped when done with.
class Workspace {
 public:
  Workspace() : data_(std::make_unique<crypt_data>()) {}
  ~Workspace() { ::explicit_bzero(data_.get(), sizeof(crypt_data)); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  /// Null on failure, with errno set. Valid as long as this object.
  const char* crypt(const std::string& password, const std::string& setting) {
    return ::crypt_rn(password.c_str(), setting.c_str(), data_.get(), sizeof(crypt_data));
  }

 private:
  std::unique_ptr<crypt_data> data_;
};

}  // namespace

std::optional<std::string> problem(std::string_view hash) {
  for (const auto& method : methods) {
    if (!hash.starts_with(method.prefix)) continue;
    if (hash.size() >= CRYPT_OUTPUT_SIZE) return damaged();
    if (auto found = method.parameters_problem(hash.substr(method.prefix.size()))) return found;
    const int outcome = ::crypt_checksalt(std::string(hash).c_str());
    if (outcome == CRYPT_SALT_INVALID) return damaged();
    if (outcome == CRYPT_SALT_METHOD_DISABLED) return "is of a method that this machine's libxcrypt does not have";
    return std::nullopt;
  }
  return "is of a method that is not supported, or too weak; set the password anew";
}

Result<PasswordMatch> verify(const Secret& password, std::string_view hash) {
  // A longer one would be cut short, or refused after the work.
  if (password.reveal().size() >= CRYPT_MAX_PASSPHRASE_SIZE) return PasswordMatch::wrong;
  std::string passphrase(password.reveal());
  Workspace workspace;
  const char* output = workspace.crypt(passphrase, std::string(hash));
  const int problem_number = errno;
  wipe(passphrase);
  if (output != nullptr) return match_if(equal_in_constant_time(output, hash));
  return make_error_code(problem_number == ENOMEM ? Error::out_of_memory : Error::unusable_hash);
}

}  // namespace fermo::auth::crypt
