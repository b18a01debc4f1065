#include "fermo/addressee.h"

#include <utility>

#include "fermo/table.h"

namespace fermo::commands {

Outcome<Addressee> find_addressee(account::Directory& directory, const std::string& name, const Console& console) {
  auto address = mail::parse_address(name, true);
  if (!address) {
    console.complain("«" + printable(name) + "» is neither a user nor an address");
    return ExitCode::no_user;
  }
  auto account = directory.find(*address);
  if (!account) {
    console.complain("cannot look up " + printable(name) + ": " + account.error().message());
    return exit_code_of(account.error());
  }
  if (!*account) {
    console.complain("there is no user " + printable(name) + "; fermo user add makes one");
    return ExitCode::no_user;
  }
  return Addressee{name, std::move(*address), std::move(**account)};
}

}  // namespace fermo::commands
