#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fermo/fetch_secret.h"
#include "fermo/fetch_target.h"
#include "fetch_accounts/account.h"

namespace fermo::commands {

/// What the command line of `fermo fetch` says.
struct FetchOptions {
  std::vector<std::string> names;  ///< Of accounts in the file.
  std::string accounts;            ///< The file.

  // An account that stands on the command line as a whole.
  std::string server;
  std::string user;
  SecretOptions secret;
  bool token = false;
  std::string authorities;
  std::vector<std::string> pins;
  bool plaintext = false;

  // What may be said of the accounts of a file, too.
  std::string target;
  TargetOptions target_options;
  std::string mode;
  std::string first_run;
  bool headers_only = false;
  std::uint64_t octets_max = 0;
  std::uint64_t messages_max = 0;
  std::string proxy;
  std::string proxy_password_file;
  std::uint64_t timeout_seconds = 0;

  std::string state;
  bool daemon = false;
  std::uint64_t interval_seconds = 0;
  bool dry_run = false;
  bool quiet = false;
  bool json = false;

  bool is_one_account() const { return !server.empty(); }
  void add_to(CLI::App& app);
};

/// The account that the command line describes, or those of the file that it means, with what it says otherwise. What
/// is wrong is printed; there is at least one.
Outcome<std::vector<fetch_accounts::Account>> chosen_accounts(const FetchOptions& options, const Console& console);

}  // namespace fermo::commands
