#include "fermo/role_users.h"

#include <pwd.h>
#include <unistd.h>

namespace fermo::commands {

std::string user_of(Role role) {
  if (role == Role::net || role == Role::keys) return "fermo-" + std::string(name_of(role));
  return {};
}

std::optional<processes::Identity> identity_of(Role role) {
  const std::string name = user_of(role);
  if (::geteuid() != 0 || name.empty()) return std::nullopt;
  const passwd* const user = ::getpwnam(name.c_str());
  if (user == nullptr || user->pw_uid == 0) return std::nullopt;
  return processes::Identity{user->pw_uid, user->pw_gid};
}

}  // namespace fermo::commands
