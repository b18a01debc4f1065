#include "fetch/message_key.h"

#include <algorithm>

#include "base/limits.h"

namespace fermo::fetch {

bool is_usable_unique_id(std::string_view unique_id) {
  const auto usable = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; };
  return !unique_id.empty() && unique_id.size() <= limits::remote_unique_id_octets_max &&
         std::ranges::all_of(unique_id, usable);
}

std::string key_of_head(const HeadIdentity& identity, Octets octets, std::size_t occurrence) {
  return "head " + identity.digest + " " + std::to_string(octets.value) + " " + std::to_string(occurrence);
}

std::string key_of_content(std::string_view sha256) {
  return "content " + std::string(sha256);
}

bool is_key_of_content(std::string_view key) {
  return key.starts_with("content ");
}

std::string as_getmail_keeps_it(std::string_view unique_id) {
  std::string kept(unique_id);
  std::ranges::replace(kept, '/', '-');
  return kept;
}

}  // namespace fermo::fetch
