#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "fetch/account_settings.h"
#include "fetch_accounts/account_edit.h"

namespace fermo::fetch_accounts {

/// An account of another fetcher in the words of the file of accounts.
struct ImportedKeys {
  std::string name;
  std::vector<KeyChange> keys;
  Secret password;                    ///< That stood in the other file; empty when none did.
  std::vector<std::string> problems;  ///< What could not be taken over, one sentence each.
};

/// `is_taken` says which names are in use; `target_problem` what is wrong with a target, empty when nothing is.
ImportedKeys keys_of(const fetch::AccountSettings& account, const std::function<bool(const std::string&)>& is_taken,
                     const std::function<std::string(const std::string&)>& target_problem);

/// Which fetcher a configuration is of.
enum class RcKind { fetchmail, getmail, mpop };
RcKind rc_kind_of(std::string_view file_name, std::string_view text);

/// Which fetcher a record of fetched messages is of.
enum class StateKind { fetchmail, getmail, mpop, thunderbird };
StateKind state_kind_of(std::string_view file_name, std::string_view text);

}  // namespace fermo::fetch_accounts
