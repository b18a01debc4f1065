#include "fetch/sha256.h"

#include <openssl/evp.h>

#include <array>

#include "base/check.h"

namespace fermo::fetch {

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  FERMO_CHECK(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::update(std::string_view octets) {
  FERMO_CHECK(EVP_DigestUpdate(context_.get(), octets.data(), octets.size()) == 1);
}

void Sha256::update_counted(std::string_view text) {
  update(std::to_string(text.size()));
  update(":");
  update(text);
}

std::string Sha256::hexadecimal(std::size_t digits) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned octets = 0;
  FERMO_CHECK(EVP_DigestFinal_ex(context_.get(), digest.data(), &octets) == 1);
  FERMO_CHECK(digits <= std::size_t{octets} * 2);
  std::string text;
  for (std::size_t i = 0; i < digits; ++i) {
    const unsigned nibble = i % 2 == 0 ? digest[i / 2] >> 4U : digest[i / 2] & 0xfU;
    text.push_back("0123456789abcdef"[nibble]);
  }
  return text;
}

}  // namespace fermo::fetch
