#pragma once

#include <string_view>
#include <vector>

#include "fetch/account_settings.h"
#include "fetch/import.h"

/// Reads the configurations of other fetchers. Pure: text in, accounts and every problem out: whatever was set there
/// and has no place here is said.
namespace fermo::fetch {

struct ImportedSettings {
  std::vector<AccountSettings> accounts;
  ImportProblems problems;
};

/// fetchmail's ~/.fetchmailrc. Accounts of other protocols than POP3 are left out.
ImportedSettings read_fetchmailrc(std::string_view text);
/// getmail's getmailrc: one account.
ImportedSettings read_getmailrc(std::string_view text);
/// mpop's ~/.mpoprc or config.
ImportedSettings read_mpoprc(std::string_view text);

}  // namespace fermo::fetch
