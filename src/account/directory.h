#pragma once

#include <optional>

#include "account/account.h"
#include "base/result.h"
#include "mail/address.h"

namespace fermo::account {

/// Knows whose mail is held here. Blocking; thread-safe; plain values in and out.
class Directory {
 public:
  virtual ~Directory() = default;

  /// The account that mail for `recipient` belongs to, nothing when there is none. Looked for in this order, first match wins:
  /// local@domain; local without its "+extension" @domain; local; local without its "+extension". (The transport in front
  /// decides which domains are ours; names in the user database may or may not carry a domain.)
  virtual Result<std::optional<Account>> find(const mail::Address& recipient) = 0;
};

}  // namespace fermo::account
