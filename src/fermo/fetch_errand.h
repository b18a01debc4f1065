#pragma once

#include <optional>
#include <string_view>

#include "base/secret.h"
#include "fermo/fetch_equipment.h"
#include "fetch_accounts/account.h"

namespace fermo::commands {

/// What a process that fetches one account is told, and all that it is told.
struct FetchErrand {
  fetch_accounts::Account account;
  FetchPlace place;             ///< Of the taken secrets, the account's own.
  bool shows_progress = false;  ///< Somebody watches.
};

/// `place` may hold the secrets of other accounts, which stay here.
Secret encode_errand(const fetch_accounts::Account& account, const FetchPlace& place, bool shows_progress);
/// Nothing when it is none.
std::optional<FetchErrand> decode_errand(std::string_view text);

}  // namespace fermo::commands
