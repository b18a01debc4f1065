#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/secret.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "fetch_accounts/account.h"
#include "fetch_accounts/account_edit.h"

namespace fermo::commands {

/// Words as KEY=VALUE; KEY= takes the key away. What is wrong is printed.
Outcome<std::vector<fetch_accounts::KeyChange>> read_assignments(const std::vector<std::string>& words,
                                                                 const Console& console);

/// Relative paths of files and of maildir: and mbox: begin in the current folder: the file of accounts is read from
/// anywhere. "~/" stays.
std::string absolute(const std::string& path);
std::string absolute_target(const std::string& target);

/// Puts a password into the file or the keyring that the account says. What is wrong is printed.
Outcome<void> keep_password_in(const fetch_accounts::Account& account, const Secret& secret, const Console& console);

/// Asks for the password of an account and puts it where the account says that it is. What is wrong is printed; a
/// source that takes no passwords (a command) is wrong as well.
Outcome<void> ask_and_keep_password(const fetch_accounts::Account& account, const Console& console);

}  // namespace fermo::commands
