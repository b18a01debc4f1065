#pragma once

#include <string>

#include "account/account.h"
#include "account/directory.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "mail/address.h"

namespace fermo::commands {

/// Whether mail can be addressed to a user of this name just as it is written.
bool is_addressable(const std::string& name);

/// Somebody whose mail is held here, and what they were called.
struct Addressee {
  std::string name;
  mail::Address address;
  account::Account account;
};

/// By a user's name or an address. What is wrong is printed.
Outcome<Addressee> find_addressee(account::Directory& directory, const std::string& name, const Console& console);

}  // namespace fermo::commands
