#include "fermo/addressee.h"

#include <utility>

#include "fermo/table.h"

namespace fermo::commands {
namespace {

/// A user whose name is no address is there to be named all the same.
std::optional<mail::Address> as_address(const std::string& name) {
  if (auto address = mail::parse_address(name, true)) return address;
  if (name.find('@') != std::string::npos || !account::canonical_name(name)) return std::nullopt;
  return mail::Address{name, {}};
}

}  // namespace

bool is_addressable(const std::string& name) {
  const auto address = mail::parse_address(name, true);
  if (!address) return false;
  return name == address->local_part + (address->domain.empty() ? "" : "@" + address->domain);
}

Outcome<Addressee> find_addressee(account::Directory& directory, const std::string& name, const Console& console) {
  auto address = as_address(name);
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
