#include "fermo/drop_place.h"

#include <utility>

#include "account/account.h"
#include "auth/password_file.h"
#include "fermo/data_folder.h"
#include "fermo/table.h"

namespace fermo::commands {
namespace {

bool is_user(const config::Config& config, const std::string& name) {
  auth::PasswordFile file(config.users);
  const auto users = file.load();
  return users && (*users)->find(name) != nullptr;
}

}  // namespace

Outcome<Place> go_to(const CommonOptions& options, const Console& console) {
  auto config = load_config(options, console);
  if (!config) return config.error();
  if (const auto there = require_data_folder(config->data, console); !there) return there.error();
  if (const auto became = become_owner_of(config->data, console); !became) return became.error();
  auto store = StoreAccess::open(*config, console);
  if (!store) return store.error();
  return Place{std::move(*config), std::move(*store)};
}

Outcome<Held> hold(const Place& place, const std::string& given, const Console& console) {
  const std::string name = account::canonical_name(given).value_or(given);
  const auto drop = DropId::from(name);
  if (drop) {
    auto snapshot = place.store->open(*drop);
    if (!snapshot) return complain_of_store(console, "cannot open the maildrop of " + name, snapshot.error());
    if ((*snapshot)->drop_listing().messages > 0 || is_user(place.config, name)) {
      return Held{*drop, std::move(*snapshot)};
    }
  }
  console.complain("there is no user «" + printable(given) + "» and no mail under that name");
  return ExitCode::no_user;
}

}  // namespace fermo::commands
