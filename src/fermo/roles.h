#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "confine/confinement.h"
#include "fermo/console.h"
#include "fermo/exit_code.h"
#include "processes/note_socket.h"

/// The processes of `fermo serve`, and those of `fermo fetch`. Each runs `fermo role NAME`, which is not for people and
/// stands in no help.
namespace fermo::commands {

/// What a role may do.
struct RoleRules {
  std::string_view name;
  std::string_view purpose;  ///< For people, in a few words.
  std::vector<confine::PathRule> paths;
  confine::Calls calls;
  confine::Calls refused = {};                           ///< Fail, where others end it.
  std::vector<std::uint16_t> ports = {};                 ///< Of TCP, to connect to.
  std::vector<int> capabilities = {};                    ///< That it keeps if it has them, by number.
  confine::Forbidden others = confine::Forbidden::ends;  ///< What becomes of a call on neither list.
};

RoleRules keys_rules();
RoleRules store_rules(const config::Config& config);
RoleRules auth_rules(const config::Config& config);
RoleRules net_rules();

/// Of the process that starts these. What it puts on itself holds for them too. `by_manager`: a service manager starts
/// them in its place.
inline constexpr std::string_view launcher_name = "launcher";
RoleRules launcher_rules(const config::Config& config, bool by_manager);
confine::Protection confine_launcher(const RoleRules& rules);

/// Of every role, in the order in which they are started.
std::vector<RoleRules> all_rules(const config::Config& config);

/// The life of each role, which gets its orders from `notes`.
ExitCode run_keys(const processes::NoteSocket& notes);
ExitCode run_store(const processes::NoteSocket& notes);
ExitCode run_auth(const processes::NoteSocket& notes);
ExitCode run_net(const processes::NoteSocket& notes);
/// Of a process of `fermo fetch`, which fetches one account once (fetcher/worker.h).
ExitCode run_fetch(const processes::NoteSocket& notes);
/// Of the one that gives mail to a program for it (fetcher/program_runner.h).
ExitCode run_program_role(const processes::NoteSocket& notes);

/// The role that a command line asks for; nothing when it asks for none.
std::optional<ExitCode> run_role(int argc, const char* const* argv, const Console& console);

}  // namespace fermo::commands
