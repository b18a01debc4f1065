#pragma once

#include <optional>
#include <string>

#include <CLI/App.hpp>

#include "base/secret.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fetch_accounts/account.h"

namespace fermo::commands {

/// What a keyring knows a password by: the attributes host, user and service=pop3, which mpop uses as well.
struct KeyringEntry {
  std::string host;
  std::string user;
};

/// Where a password or token comes from. Never from the command line itself, which every user of the machine can see.
struct SecretSource {
  std::string file;                     ///< That nobody but its owner may read or write.
  std::string command;                  ///< For /bin/sh; the secret is the first line that it prints.
  std::string credential;               ///< The name of a file in $CREDENTIALS_DIRECTORY (systemd.exec(5)).
  std::string environment;              ///< The name of a variable.
  std::optional<KeyringEntry> keyring;  ///< The desktop's.

  bool is_question() const;
};

/// The options --password-file, --password-command, --password-credential, --password-environment and
/// --password-keyring, of which one may be given.
struct SecretOptions {
  SecretSource source;
  bool keyring = false;

  void add_to(CLI::App& app);
  /// For the account of `user` at `host`.
  SecretSource source_for(const std::string& user, const std::string& host) const;
};

SecretSource secret_source_of(const fetch_accounts::Account& account);

/// The first line of what the source gives; without a source, what is typed on the terminal at `prompt`. What is wrong
/// is printed. A variable of the environment is wiped and taken away once it has been read, so that no child gets it:
/// before there are other threads.
Outcome<Secret> read_secret(const SecretSource& source, const std::string& prompt, const Console& console);

/// Puts a secret into the keyring, in place of what was there. What is wrong is printed.
Outcome<void> keep_in_keyring(const KeyringEntry& entry, const Secret& secret, const Console& console);

}  // namespace fermo::commands
