#include "fermo/roles.h"

#include <string>

#include <sys/socket.h>

#include "fermo/role_notes.h"
#include "processes/child.h"

namespace fermo::commands {
namespace {

/// Whether somebody who gives orders is there.
bool is_note_socket(int fd) {
  int type = 0;
  socklen_t octets = sizeof(type);
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &octets) == 0 && type == SOCK_SEQPACKET;
}

}  // namespace

std::vector<RoleRules> all_rules(const config::Config& config) {
  return {keys_rules(), store_rules(config), auth_rules(config), net_rules()};
}

std::optional<ExitCode> run_role(int argc, const char* const* argv, const Console& console) {
  if (argc != 3 || std::string_view(argv[1]) != "role") return std::nullopt;
  if (!is_note_socket(processes::note_descriptor)) {
    console.complain("fermo role is for fermo serve and fermo fetch, which start their own processes with it");
    return ExitCode::usage;
  }
  const processes::NoteSocket notes{Descriptor(processes::note_descriptor)};
  if (!processes::take_what_is_kept(notes)) return ExitCode::software;
  const std::string_view name = argv[2];
  if (name == name_of(Role::keys)) return run_keys(notes);
  if (name == name_of(Role::store)) return run_store(notes);
  if (name == name_of(Role::auth)) return run_auth(notes);
  if (name == name_of(Role::net)) return run_net(notes);
  if (name == "fetch") return run_fetch(notes);
  if (name == "program") return run_program_role(notes);
  return ExitCode::usage;
}

}  // namespace fermo::commands
