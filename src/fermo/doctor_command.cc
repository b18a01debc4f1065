#include <linux/capability.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/descriptor.h"
#include "fermo/commands.h"
#include "fermo/common_options.h"
#include "fermo/json.h"
#include "fermo/role_notes.h"
#include "fermo/role_users.h"
#include "fermo/roles.h"

namespace fermo::commands {
namespace {

struct DoctorOptions {
  CommonOptions common;
};

/// What became of one role's rules here.
struct Finding {
  RoleRules rules;
  confine::Protection protection;
};

confine::Protection confine_role(const RoleRules& rules) {
  auto protection = confine::confine(rules.paths);
  confine::confine_calls(confine::joined({rules.calls, confine::calls::sockets()}), protection, rules.refused);
  return protection;
}

/// In the child: confines itself as the role would, and tells what came of it.
[[noreturn]] void confine_and_tell(const RoleRules& rules, const processes::NoteSocket& told) {
  const auto protection = rules.name == launcher_name ? confine_launcher(rules) : confine_role(rules);
  told.send(number_of(Answer::ready), encode(protection));
  ::_exit(0);
}

/// It is tried, not looked up: a child puts the rules on itself. Nothing when there can be no child.
std::optional<confine::Protection> try_rules(const RoleRules& rules) {
  auto pair = processes::make_pair(false);
  if (!pair) return std::nullopt;
  const pid_t child = ::fork();
  if (child == 0) confine_and_tell(rules, processes::NoteSocket(std::move(pair->second)));
  pair->second = Descriptor();
  if (child < 0) return std::nullopt;
  const auto note = processes::NoteSocket(std::move(pair->first)).receive();
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return note ? decode_protection(note->payload) : std::nullopt;
}

std::string capability_name(int capability) {
  switch (capability) {
    case CAP_DAC_READ_SEARCH:
      return "CAP_DAC_READ_SEARCH";
    case CAP_SETUID:
      return "CAP_SETUID";
    case CAP_SETGID:
      return "CAP_SETGID";
    case CAP_KILL:
      return "CAP_KILL";
    default:
      return std::to_string(capability);
  }
}

std::string kernel() {
  utsname name{};
  return ::uname(&name) == 0 ? std::string(name.sysname) + " " + name.release : "unknown kernel";
}

std::string_view purpose_of(confine::Access access) {
  switch (access) {
    case confine::Access::read:
      return " (to read)";
    case confine::Access::write:
      return " (to write)";
    case confine::Access::run:
      return " (to run)";
  }
  return "";
}

std::string_view calls_text(const Finding& finding) {
  if (!finding.protection.filter) return "all";
  const bool ends = finding.rules.others == confine::Forbidden::ends;
  return ends ? "those it needs, any other ends it" : "those it and the others need, any other fails";
}

/// What root's process keeps.
std::vector<std::string> capabilities_of(const RoleRules& rules) {
  std::vector<std::string> names;
  for (const int capability : rules.capabilities) {
    if (::geteuid() == 0) names.push_back(capability_name(capability));
  }
  return names;
}

std::string privileges_text(const Finding& finding) {
  if (!finding.protection.privileges) return "NOT given up";
  std::string text = "given up";
  for (const auto& name : capabilities_of(finding.rules)) text += (text.ends_with("up") ? " but for " : ", ") + name;
  return text;
}

std::string files_text(const Finding& finding) {
  if (finding.protection.landlock_abi == 0) return "files and network: open";
  std::string text = "files and network: ";
  if (finding.rules.paths.empty()) return text + "none can be reached";
  text += "nothing but";
  for (const auto& rule : finding.rules.paths) {
    text += " " + rule.path.string() + std::string(purpose_of(rule.access));
  }
  return text;
}

/// By the name of the role: nothing when it is the server's own.
std::optional<Role> role_named(std::string_view name) {
  for (const Role role : all_roles) {
    if (name_of(role) == name) return role;
  }
  return std::nullopt;
}

/// Who the process is when the server is started by who asks here.
std::optional<std::string> user_here(std::string_view name) {
  const auto role = role_named(name);
  if (!role || !identity_of(*role)) return std::nullopt;
  return user_of(*role);
}

std::string user_text(std::string_view name) {
  if (const auto user = user_here(name)) return *user;
  const auto role = role_named(name);
  const std::string wanted = role ? user_of(*role) : std::string();
  if (wanted.empty()) return "the server's, whose files it needs";
  return ::geteuid() == 0 ? "the server's, since there is no user " + wanted
                          : "the server's; started by root it is " + wanted + " where there is such a user";
}

void print_for_people(const std::vector<Finding>& findings, std::ostream& out) {
  out << kernel() << ", Landlock version " << confine::landlock_abi() << '\n';
  for (const Finding& finding : findings) {
    const auto& protection = finding.protection;
    out << finding.rules.name << ": " << finding.rules.purpose << '\n';
    out << "  user: " << user_text(finding.rules.name) << '\n';
    out << "  privileges, core dumps, debuggers: " << privileges_text(finding) << '\n';
    out << "  " << files_text(finding) << '\n';
    out << "  system calls: " << calls_text(finding) << '\n';
    for (const std::string& missing : protection.missing) out << "  missing: " << missing << '\n';
  }
}

void print_for_programs(const std::vector<Finding>& findings, std::ostream& out) {
  auto roles = nlohmann::json::array();
  for (const Finding& finding : findings) {
    auto paths = nlohmann::json::array();
    for (const auto& rule : finding.rules.paths) paths.push_back(rule.path.string());
    const auto user = user_here(finding.rules.name);
    roles.push_back({{"role", finding.rules.name},
                     {"user", user ? nlohmann::json(*user) : nlohmann::json()},
                     {"privileges_dropped", finding.protection.privileges},
                     {"capabilities", capabilities_of(finding.rules)},
                     {"landlock", finding.protection.landlock_abi},
                     {"paths", std::move(paths)},
                     {"calls_filtered", finding.protection.filter},
                     {"missing", finding.protection.missing}});
  }
  print_json(out, {{"kernel", kernel()}, {"roles", std::move(roles)}});
}

ExitCode doctor(const DoctorOptions& options, const Console& console) {
  const auto config = load_config(options.common, console);
  if (!config) return config.error();
  std::vector<Finding> findings;
  ExitCode code = ExitCode::ok;
  std::vector<RoleRules> all = all_rules(*config);
  all.insert(all.begin(), launcher_rules(*config, false));
  for (RoleRules& rules : all) {
    auto protection = try_rules(rules);
    if (!protection) {
      console.complain("the " + std::string(rules.name) +
                       " process could not be tried: it ended before it was confined");
      return ExitCode::software;
    }
    if (!protection->missing.empty()) code = ExitCode::unavailable;
    findings.push_back({std::move(rules), std::move(*protection)});
  }
  (options.common.json ? print_for_programs : print_for_people)(findings, console.out);
  return code;
}

}  // namespace

void add_doctor(CLI::App& program, Invocation& invocation) {
  CLI::App& app = *program.add_subcommand("doctor", "Show what protects the processes of fermo serve on this kernel");
  auto options = std::make_shared<DoctorOptions>();
  options->common.add_to(app);
  runs(app, invocation, std::move(options), doctor);
}

}  // namespace fermo::commands
