#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fetch/policy.h"
#include "fetch/server_url.h"

/// The accounts that mail is fetched from, as a file of the user's describes them.
namespace fermo::fetch_accounts {

/// Where a password or token comes from: never from the file of accounts or the command line itself.
struct SecretSource {
  enum class Kind {
    ask,          ///< A question on the terminal.
    file,         ///< The first line of a file that nobody else may read or change.
    command,      ///< The first line that a command for /bin/sh prints.
    keyring,      ///< The desktop's keyring, under user and server.
    credential,   ///< A credential of systemd's, by its name (systemd.exec(5), LoadCredential=).
    environment,  ///< A variable of the environment, by its name.
  };
  Kind kind = Kind::ask;
  std::string text;  ///< Path, command, credential or variable.
  friend bool operator==(const SecretSource&, const SecretSource&) = default;
};

/// How the server that a target is at lets mail in.
struct TargetAccess {
  std::string user;  ///< Of SMTP; empty: without a login. With IMAP the target itself says who.
  SecretSource secret;
  bool token = false;                 ///< The secret is an OAuth access token.
  std::filesystem::path authorities;  ///< PEM file of certificates to trust; empty: the system's.
  friend bool operator==(const TargetAccess&, const TargetAccess&) = default;
};

/// One account. Paths that began with "~/" are whole here.
struct Account {
  std::string name;     ///< What the user calls it; unique in the file.
  std::string address;  ///< The mail address; may be empty.
  bool enabled = true;  ///< Fetched when no account is named.
  fetch::ServerUrl server;
  std::string user;
  SecretSource secret;
  bool token = false;  ///< The secret is an OAuth access token.
  bool allow_plaintext = false;
  fetch::Policy policy;
  std::string target;  ///< As after --to.
  TargetAccess target_access;
  std::filesystem::path archive;              ///< Folder of the local archive; empty: none is kept.
  std::filesystem::path authorities;          ///< PEM file of certificates to trust; empty: the system's.
  std::vector<std::string> pins;              ///< Of the server's public key, as they are written.
  std::optional<fetch::ProxyUrl> proxy;       ///< SOCKS5.
  std::filesystem::path proxy_password_file;  ///< Empty: asked for, if the proxy has a user.
  std::optional<std::chrono::seconds> timeout;
  std::optional<std::chrono::seconds> interval;  ///< Between two sessions of the daemon.

  friend bool operator==(const Account&, const Account&) = default;
};

/// What the ledger knows the account by: user and server, not its name, so that it may be called something else.
std::string ledger_name(const Account& account);

/// "all" or "from-now".
std::string_view text_of(fetch::FirstRun first_run);

}  // namespace fermo::fetch_accounts
