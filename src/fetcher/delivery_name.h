#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/octets.h"

namespace fermo::fetcher {

/// What every delivery name begins with.
inline constexpr std::string_view delivery_name_prefix = "fermo.";

/// The name under which a message is delivered: the same in every run, and of nothing but letters, digits and dots, so
/// that it can be a file name. `account` is what the ledger knows the account by, `key` and `generation` what it knows
/// the message by. The head and the whole of a message have different names.
std::string delivery_name(std::string_view account, std::string_view key, Octets octets, std::uint32_t generation = 0,
                          bool whole = true);

}  // namespace fermo::fetcher
