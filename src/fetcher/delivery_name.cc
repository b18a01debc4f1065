#include "fetcher/delivery_name.h"

#include "fetch/sha256.h"

namespace fermo::fetcher {
namespace {

constexpr std::size_t digits = 40;  // 160 bits: nobody can make two messages of one name

}  // namespace

std::string delivery_name(std::string_view account, std::string_view key, Octets octets, std::uint32_t generation,
                          bool whole) {
  fetch::Sha256 hash;
  hash.update_counted(account);
  hash.update_counted(key);
  hash.update_counted(std::to_string(octets.value));
  hash.update_counted(std::to_string(generation));
  hash.update_counted(whole ? "whole" : "head");
  return std::string(delivery_name_prefix) + hash.hexadecimal(digits);
}

}  // namespace fermo::fetcher
