#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "fetch_accounts/account.h"

/// The file of accounts: TOML with a table [account.NAME] for each, and a table [defaults] for what they share.
namespace fermo::fetch_accounts {

/// What reading needs to know of the world around it.
struct Surroundings {
  std::filesystem::path home;  ///< What "~" stands for; empty: "~/" is a problem.
  /// What is wrong with a target, with the public key of a server; empty when nothing is. Without these nothing is
  /// checked.
  std::function<std::string(const std::string&)> target_problem;
  std::function<std::string(const std::string&)> pin_problem;
};

struct AccountsRead {
  std::vector<Account> accounts;          ///< In the order of the file; usable only when `problems` is empty.
  std::vector<config::Problem> problems;  ///< All of them, in the order of lines.
};

/// Reads the text of the file. Pure; the text may be anything.
AccountsRead read_accounts(std::string_view toml, const Surroundings& surroundings);

/// Nothing when the name can be one of an account; else why not.
std::string name_problem(std::string_view name);

/// Whether `text` can be a variable of the environment.
bool is_variable(std::string_view text);

/// The account of that name; nullptr when there is none.
const Account* find_account(const std::vector<Account>& accounts, std::string_view name);

/// One key of an account, for messages and tables of keys.
struct KeyHelp {
  std::string_view name;
  std::string_view explanation;  ///< One sentence without its full stop.
  std::string_view example;      ///< A value, as TOML.
};
std::vector<KeyHelp> key_help();

/// How the value of `key` that somebody gives in words is written in TOML: `true`, `14`, `"text"` or an array of the
/// words between commas. A key that is not known is taken for one with a text.
std::string toml_value(std::string_view key, std::string_view words);

}  // namespace fermo::fetch_accounts
