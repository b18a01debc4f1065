#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/octets.h"
#include "fetch/head_identity.h"

/// Under what the ledger knows a message. Mostly its unique-id; where that cannot be used, something in its place that
/// no unique-id can be, since it holds spaces.
namespace fermo::fetch {

/// Whether `unique_id` can be a key: not empty, at most `limits::remote_unique_id_octets_max`, without spaces and
/// control characters. More lenient than RFC 1939 §7, since servers are.
bool is_usable_unique_id(std::string_view unique_id);

/// Of the `occurrence`-th message (from 1) in a listing with this head and this number of octets.
std::string key_of_head(const HeadIdentity& identity, Octets octets, std::size_t occurrence);

/// Of a message that neither UIDL nor TOP tells apart: by the SHA-256 of all of it (64 hexadecimal digits). A message
/// whose content is known under a record that is gone is a new one.
std::string key_of_content(std::string_view sha256);
bool is_key_of_content(std::string_view key);

/// getmail keeps "-" where a unique-id has "/".
std::string as_getmail_keeps_it(std::string_view unique_id);

}  // namespace fermo::fetch
