#include <elf.h>
#include <link.h>
#include <linux/capability.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "fermo/data_folder.h"
#include "fermo/role_users.h"
#include "fermo/roles.h"

namespace fermo::commands {
namespace {

namespace fs = std::filesystem;
namespace calls = confine::calls;
using confine::Access;

/// Of the first object, which is the program. In the form that dl_iterate_phdr(3) wants.
int find_loader(dl_phdr_info* program, std::size_t, void* found) {
  for (int i = 0; i < program->dlpi_phnum; ++i) {
    const auto& header = program->dlpi_phdr[i];
    if (header.p_type != PT_INTERP) continue;
    *static_cast<fs::path*>(found) = reinterpret_cast<const char*>(program->dlpi_addr + header.p_vaddr);
  }
  return 1;
}

/// The folder of what the kernel starts this program with; empty when it needs nothing. The folder and not the file: an
/// upgrade of the C library puts another one there.
fs::path loader_folder() {
  fs::path loader;
  ::dl_iterate_phdr(find_loader, &loader);
  std::error_code unknown;
  const fs::path real = fs::canonical(loader, unknown);
  return unknown ? loader.parent_path() : real.parent_path();
}

/// Its own files, and the sockets that it removes at its end.
std::vector<confine::PathRule> own_paths(const config::Config& config) {
  std::vector<confine::PathRule> all = {{"/", Access::read}, {config.data, Access::write}};
  for (const auto& listen : config.listen) {
    if (!listen.unix_path.empty()) all.push_back({fs::path(listen.unix_path).parent_path(), Access::write});
  }
  return all;
}

/// And those of what it starts: the store may be a link to another disk. The program is the file that was started,
/// whatever stands at its path by now.
std::vector<confine::PathRule> paths_of_all(const config::Config& config) {
  auto all = own_paths(config);
  all.push_back({store_path(config.data), Access::write});
  all.push_back({"/dev/null", Access::write});  // their standard input
  all.push_back({"/proc/self/exe", Access::run});
  if (auto loader = loader_folder(); !loader.empty()) all.push_back({std::move(loader), Access::run});
  return all;
}

bool starts_other_users() {
  return std::ranges::any_of(all_roles, [](Role role) { return identity_of(role).has_value(); });
}

std::vector<int> capabilities(bool by_manager) {
  std::vector<int> kept = {CAP_DAC_READ_SEARCH};  // a renewed certificate may belong to somebody else
  // CAP_KILL: for the signal that the kernel sends in its name when it ends, too.
  if (!by_manager && starts_other_users()) kept.insert(kept.end(), {CAP_SETUID, CAP_SETGID, CAP_KILL});
  return kept;
}

/// For itself.
confine::Calls own_calls() {
  return confine::joined({calls::basic(),
                          calls::threads(),
                          calls::sockets(),
                          calls::waiting(),
                          calls::reading_files(),
                          calls::writing_files(),
                          calls::local_sockets(),
                          {"memfd_create", "pipe"}});
}

/// For what it starts, until that has put its own list on itself.
confine::Calls calls_of_roles(const config::Config& config) {
  confine::Calls all = confine::joined({calls::processes(),
                                        calls::giving_up(),
                                        {"arch_prctl", "uname", "setgroups", "setresuid", "setresgid", "setrlimit"}});
  for (const RoleRules& role : all_rules(config)) all.insert(all.end(), role.calls.begin(), role.calls.end());
  return all;
}

/// sd_notify(3): a service manager may listen on such a socket.
confine::AbstractSockets abstract_sockets() {
  const char* const manager = std::getenv("NOTIFY_SOCKET");
  const bool needed = manager != nullptr && std::string_view(manager).starts_with('@');
  return needed ? confine::AbstractSockets::open : confine::AbstractSockets::closed;
}

}  // namespace

RoleRules launcher_rules(const config::Config& config, bool by_manager) {
  RoleRules rules{launcher_name, "starts the others, and hears nobody from outside",
                  by_manager ? own_paths(config) : paths_of_all(config), own_calls()};
  const confine::Calls more = by_manager ? confine::Calls{"connect", "seccomp"} : calls_of_roles(config);
  rules.calls.insert(rules.calls.end(), more.begin(), more.end());
  rules.capabilities = capabilities(by_manager);
  // The loader and the libraries of what it starts try calls that depend on their version and go on without: a list
  // that killed would keep a server from starting after an upgrade of the system.
  rules.others = confine::Forbidden::fails;
  return rules;
}

confine::Protection confine_launcher(const RoleRules& rules) {
  // Its ports are open, and it may bind no others. The system's unit gives it this one.
  constexpr std::array of_no_use = {CAP_NET_BIND_SERVICE};
  auto protection = confine::confine_parent({rules.paths, rules.capabilities, abstract_sockets(), of_no_use});
  confine::confine_calls(rules.calls, protection, rules.refused, rules.others);
  return protection;
}

}  // namespace fermo::commands
