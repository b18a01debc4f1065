#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Changes to the text of a file of accounts that read_accounts() has read without a problem: comments, order and all
/// that is not concerned stay as they are, octet for octet.
namespace fermo::fetch_accounts {

/// What is to become of one key of an account.
struct KeyChange {
  std::string key;
  std::optional<std::string> value;  ///< As TOML (toml_value()); nothing: the key is taken away.
};

/// With a table for another account at the end.
std::string with_account(std::string_view text, std::string_view name, std::span<const KeyChange> keys);

/// Nothing when the account is not written as a table of its own, [account.NAME]: whoever wrote it otherwise has to
/// change it. A key that is there keeps its place, its comment too; another one goes behind the last.
std::optional<std::string> with_changes(std::string_view text, std::string_view name,
                                        std::span<const KeyChange> changes);

/// Without the account and the comment right above its table. Nothing as above.
std::optional<std::string> without_account(std::string_view text, std::string_view name);

}  // namespace fermo::fetch_accounts
