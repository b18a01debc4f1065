#include "sasl/apop.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

#include "sasl/plain.h"

namespace fermo::sasl {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }
};

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view("._+/-").find(c) != std::string_view::npos;
}

}  // namespace

std::optional<std::string_view> apop_timestamp(std::string_view greeting) {
  const auto begin = greeting.find('<');
  const auto end = greeting.find('>', begin);
  if (begin == std::string_view::npos || end == std::string_view::npos) return std::nullopt;
  const auto inside = greeting.substr(begin + 1, end - begin - 1);
  const auto at = inside.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == inside.size()) return std::nullopt;
  if (!std::ranges::all_of(inside.substr(0, at), is_plain) || !std::ranges::all_of(inside.substr(at + 1), is_plain)) {
    return std::nullopt;
  }
  return greeting.substr(begin, end - begin + 1);
}

Result<std::string> apop_digest(std::string_view timestamp, const Secret& password) {
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(::EVP_MD_CTX_new());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned octets = 0;
  const std::string_view secret = password.reveal();
  if (!context || ::EVP_DigestInit_ex(context.get(), ::EVP_md5(), nullptr) != 1 ||
      ::EVP_DigestUpdate(context.get(), timestamp.data(), timestamp.size()) != 1 ||
      ::EVP_DigestUpdate(context.get(), secret.data(), secret.size()) != 1 ||
      ::EVP_DigestFinal_ex(context.get(), digest.data(), &octets) != 1) {
    return Error::unavailable;
  }
  std::string text;
  for (unsigned i = 0; i < octets; ++i) {
    text += "0123456789abcdef"[digest[i] >> 4U];
    text += "0123456789abcdef"[digest[i] & 0xFU];
  }
  return text;
}

}  // namespace fermo::sasl
