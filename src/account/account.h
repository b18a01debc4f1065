#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace fermo::account {

/// Somebody who holds a maildrop here.
struct Account {
  std::string name;  ///< In its one canonical form: see canonical_name().
  DropId drop;
};

/// The one form in which an account name is stored and compared: ASCII letters in lower case. Nothing when it is empty,
/// longer than `limits::drop_id_octets_max`, begins with "#" or holds a control character, a space, ":" or octets that
/// are not UTF-8.
std::optional<std::string> canonical_name(std::string_view name);

/// The account of that canonical name. Its maildrop bears the same name: a password file needs no second identifier,
/// and an account that is removed and made again finds its mail. Nothing when `canonical` did not come from
/// canonical_name().
std::optional<Account> account_named(std::string_view canonical);

}  // namespace fermo::account
